#include "net/tests/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "base/assert.h"

namespace fw::net {
namespace {

template <auto kFree>
struct FreeBy {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, FreeBy<std::fclose>>;

void add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  FW_ASSERT(extension != nullptr);
  FW_ASSERT(X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& names) {
  const Key pair(EVP_EC_gen("P-256"));
  const Certificate own(X509_new());
  X509_set_version(own.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(own.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(own.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(own.get()), 3600);
  X509_set_pubkey(own.get(), pair.get());
  X509_NAME* name = X509_get_subject_name(own.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("flywheel test"), -1, -1,
                             0);
  X509_set_issuer_name(own.get(), name);
  add_extension(own.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own.get(), NID_subject_alt_name, names.c_str());
  FW_ASSERT(X509_sign(own.get(), pair.get(), EVP_sha256()) > 0);
  const File certificate_file(std::fopen(certificate().c_str(), "w"));
  FW_ASSERT(PEM_write_X509(certificate_file.get(), own.get()) == 1);
  const File key_file(std::fopen(key().c_str(), "w"));
  FW_ASSERT(PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

}  // namespace fw::net
