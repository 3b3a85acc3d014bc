#include "app/config/config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/thread_pool.hpp>
#include <fstream>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "net/server.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto error_with(const std::string& text) {
  return AllOf(Field(&Finding::is_error, true), Field(&Finding::text, HasSubstr(text)));
}

class ConfigCheckTest : public testing::Test {
 protected:
  ConfigCheckTest() {
    config_.server.listener.port = 0;
    config_.elasticsearch.listener.port = 0;
    config_.otlp.listener.port = 0;
  }

  void add_local(const std::string& name, bool is_trained = false) {
    runs::Candidate candidate;
    candidate.model.name = name;
    candidate.model.path = folder_.path() / (name + ".gguf");
    candidate.customization_enabled = is_trained;
    config_.run.candidates.push_back(candidate);
  }
  static void write_model(const std::filesystem::path& path, const std::string& chat_template) {
    modelfile::GgufHeader header;
    header.set("general.architecture", modelfile::GgufValue::string("llama"));
    header.set("tokenizer.ggml.model", modelfile::GgufValue::string("gpt2"));
    header.set("tokenizer.chat_template", modelfile::GgufValue::string(chat_template));
    header.tensors.push_back({.name = "token_embd.weight", .shape = {4}});
    const auto written = modelfile::write_gguf(
        path, header, [](const auto& tensor, const auto& sink) { return sink(std::string(tensor.bytes, '\0')); });
    ASSERT_TRUE(written.ok());
  }
  std::vector<Finding> check() { return check_machine(config_, programs_); }

  /// A certificate and its key, for `days` from now.
  std::pair<std::string, std::string> make_certificate(const std::string& name, long days) {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    X509* shown = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(shown), -86'400L * 20);
    X509_gmtime_adj(X509_getm_notAfter(shown), 86'400L * days);
    X509_set_pubkey(shown, key);
    X509_sign(shown, key, EVP_sha256());
    const std::pair paths{(folder_.path() / (name + ".pem")).string(), (folder_.path() / (name + ".key")).string()};
    std::FILE* out = std::fopen(paths.first.c_str(), "w");
    PEM_write_X509(out, shown);
    std::fclose(out);
    out = std::fopen(paths.second.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(shown);
    EVP_PKEY_free(key);
    return paths;
  }

  io::TemporaryFolder folder_;
  Config config_;
  modelops::EnginePrograms programs_;
};

TEST_F(ConfigCheckTest, HostedCandidatesNeedNothingOfThisMachine) { EXPECT_THAT(check(), IsEmpty()); }

TEST_F(ConfigCheckTest, CandidatesOfWhichNoneCanBeReachedAreAnError) {
  config_.run.candidates.emplace_back().model.name = "nowhere";
  EXPECT_THAT(check(), ElementsAre(error_with("no candidate has a path or a url")));
  config_.run.candidates.emplace_back().model.endpoint = modelops::Endpoint{.url = "http://h/v1"};
  EXPECT_THAT(check(), IsEmpty());
}

TEST_F(ConfigCheckTest, MissingModelsAndEnginesAreNamedWithTheModel) {
  add_local("small", true);
  EXPECT_THAT(check(), AllOf(Contains(error_with("model \"small\"")),
                             Contains(error_with("llama-server, which model \"small\"")),
                             Contains(error_with("flywheel-trainer"))));
}

TEST_F(ConfigCheckTest, AnEmbeddingModelThatIsServedHereMustBeThereAndNeedsAnEngine) {
  auto& model = config_.run.icl.embedding.emplace(
      modelops::ModelSpec{.name = "letters", .path = folder_.path() / "letters.gguf"});
  EXPECT_THAT(check(),
              AllOf(Contains(error_with("embedding model \"letters\": ")), Contains(error_with("does not exist")),
                    Contains(error_with("llama-server, which model \"letters\" needs"))));
  write_model(model.path, "");
  programs_.llama_server = "/bin/true";
  EXPECT_THAT(check(), ElementsAre(AllOf(Field(&Finding::is_error, false),
                                         Field(&Finding::text, HasSubstr("is no embedding model (llama)")))));
  model.path = folder_.path();
  EXPECT_THAT(check(), Contains(error_with("flywheel-trainer, which model \"letters\" needs")))
      << "a folder is converted first";
}

TEST_F(ConfigCheckTest, AnEngineThatTheFileNamesMustBeAProgram) {
  config_.engines.llama_server = "/no/such/llama-server";
  EXPECT_THAT(check(), ElementsAre(error_with("engines.llama_server: /no/such/llama-server")));
}

TEST_F(ConfigCheckTest, ADeviceThatIsDemandedAndCannotTrainIsAnErrorInTheTrainersWords) {
  add_local("small", true);
  auto& candidate = config_.run.candidates.front();
  write_model(candidate.model.path, "{{ messages[0].content }}");
  programs_.llama_server = "/bin/true";
  programs_.trainer = folder_.path() / "trainer";
  const std::string says = R"(echo '{"event":"error","code":"failed_precondition","message":"the driver is too old"}')";
  ASSERT_TRUE(io::write_file_atomically(programs_.trainer, "#!/bin/sh\n" + says + "; exit 1\n").ok());
  std::filesystem::permissions(programs_.trainer, std::filesystem::perms::owner_all);
  candidate.training.device = modelops::TrainingDevice::kAuto;
  EXPECT_THAT(check(), testing::Not(Contains(Field(&Finding::is_error, true))));
  candidate.training.device = modelops::TrainingDevice::kCuda;
  EXPECT_THAT(check(), Contains(AllOf(error_with("model \"small\": training_config.device: cuda"),
                                      error_with("the driver is too old"))));
}

TEST_F(ConfigCheckTest, AChatTemplateThatCannotBeUsedIsNamedAndOneThatIsAdaptedIsSaid) {
  add_local("small");
  auto& model = config_.run.candidates.front().model;
  write_model(model.path, "{{ raise_exception('System role not supported') }}");
  programs_.llama_server = "/bin/true";
  EXPECT_THAT(check(), Contains(AllOf(Field(&Finding::is_error, false), Field(&Finding::text, HasSubstr("system")))));
  model.chat.template_file = folder_.path() / "none.jinja";
  EXPECT_THAT(check(), ElementsAre(error_with("none.jinja")));
}

TEST_F(ConfigCheckTest, APortThatIsTakenIsSaid) {
  boost::asio::thread_pool threads(1);
  net::Server server(threads.get_executor(), {},
                     [](net::IncomingRequest&, net::ResponseWriter&) -> Task<void> { co_return; });
  ASSERT_TRUE(server.start().ok());
  config_.server.listener.port = server.port();
  EXPECT_THAT(check(),
              ElementsAre(AllOf(Field(&Finding::is_error, false), Field(&Finding::text, HasSubstr("in use")))));
  config_.server.listener.port = 0;
  config_.elasticsearch.listener.port = config_.otlp.listener.port = server.port();
  EXPECT_THAT(check(), ElementsAre(Field(&Finding::text, HasSubstr("elasticsearch: port ")),
                                   Field(&Finding::text, HasSubstr("otlp: port "))));
  server.stop_blocking(std::chrono::milliseconds(0));
}

TEST_F(ConfigCheckTest, PseudonymsWithoutTheirKeyAreAnError) {
  config_.redact.key_env = "FLYWHEEL_TEST_NO_SUCH_KEY";
  auto& rule = config_.redact.rules.emplace_back();
  rule.kind = "email";
  rule.action = capture::RedactionAction::kPseudonym;
  EXPECT_THAT(check(), ElementsAre(error_with("FLYWHEEL_TEST_NO_SUCH_KEY")));
}

TEST_F(ConfigCheckTest, CertificatesMustParseFitAndBeInTime) {
  const auto [good, good_key] = make_certificate("good", 30);
  const auto [other, other_key] = make_certificate("other", 30);
  const auto [old, old_key] = make_certificate("old", -1);
  EXPECT_TRUE(check_certificate(good, good_key).ok());
  EXPECT_THAT(check_certificate(good, other_key).error().message, HasSubstr("is not the private key of"));
  EXPECT_THAT(check_certificate(old, old_key).error().message, HasSubstr("expired"));
  EXPECT_THAT(check_certificate(good_key, good_key).error().message, HasSubstr("is no certificate in PEM form"));
  EXPECT_THAT(check_certificate(good, good).error().message, HasSubstr("is no private key"));
  EXPECT_THAT(check_certificate("/no.pem", good_key).error().message, HasSubstr("/no.pem"));
  config_.server.listener.tls_certificate = "/no.pem";
  config_.server.listener.tls_key = good_key;
  EXPECT_THAT(check(), ElementsAre(error_with("/no.pem")));
}

}  // namespace
}  // namespace fw::app
