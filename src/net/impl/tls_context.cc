#include "net/impl/tls_context.h"

#include <openssl/ssl.h>

#include "base/log.h"

namespace fw::net {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

// ALPN: the only protocol spoken here, so that a peer that prefers HTTP/2 falls back.
constexpr unsigned char kAlpn[] = "\x08http/1.1";
constexpr unsigned int kAlpnSize = sizeof(kAlpn) - 1;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, kAlpn, kAlpnSize, offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

TlsContext new_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  return context;
}

Error unusable(std::string_view what, const std::filesystem::path& file, const error_code& ec,
               std::string_view remedy) {
  return invalid_argument(std::string(what) + " " + file.string() + " cannot be used: " + ec.message() + "; " +
                          std::string(remedy));
}

}  // namespace

Result<TlsContext> make_server_context(const ServerTls& tls) {
  auto context = new_context(ssl::context::tls_server);
  error_code ec;
  context->use_certificate_chain_file(tls.certificate_chain.string(), ec);
  if (ec)
    return unusable("tls certificate", tls.certificate_chain, ec, "give a readable PEM file, the server's own first");
  context->use_private_key_file(tls.private_key.string(), ssl::context::pem, ec);
  if (ec) return unusable("tls private key", tls.private_key, ec, "give the certificate's key as a readable PEM file");
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  return context;
}

Result<TlsContext> make_client_context(const ClientTls& tls) {
  auto context = new_context(ssl::context::tls_client);
  SSL_CTX_set_alpn_protos(context->native_handle(), kAlpn, kAlpnSize);
  if (tls.insecure_skip_verification) {
    log_warning("net", "tls verification is off");
    context->set_verify_mode(ssl::verify_none);
    return context;
  }
  context->set_verify_mode(ssl::verify_peer);
  error_code ec;
  if (tls.certificate_authorities) {
    context->load_verify_file(tls.certificate_authorities->string(), ec);
    if (ec) {
      return unusable("file of certificate authorities", *tls.certificate_authorities, ec, "give a readable PEM file");
    }
  } else {
    context->set_default_verify_paths(ec);
    if (ec) return unavailable("the system's certificate authorities cannot be read: " + ec.message());
  }
  return context;
}

}  // namespace fw::net
