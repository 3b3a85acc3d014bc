// The real engine with the real model. Needs what scripts/setup fetches and builds; skipped without.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "async/run_blocking.h"
#include "base/random.h"
#include "io/file.h"
#include "modelfile/gguf.h"
#include "modelops/local/deployer.h"
#include "modelops/local/engine_health.h"
#include "modelops/openai/embedder.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

fs::path demo_model() {
  const char* named = std::getenv("FLYWHEEL_MODEL");
  return named != nullptr ? fs::path(named) : default_cache_folder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
}

fs::path own_programs() {
  const char* folder = std::getenv("FLYWHEEL_BIN_DIR");
  return folder == nullptr ? "" : folder;
}

/// A LoRA adapter for one matrix of the demo's model: rank 2, numbers from a seed, large enough to be noticed.
fs::path write_adapter(const fs::path& folder) {
  modelfile::GgufHeader header;
  header.set("general.type", modelfile::GgufValue::string("adapter"));
  header.set("general.architecture", modelfile::GgufValue::string("llama"));
  header.set("adapter.type", modelfile::GgufValue::string("lora"));
  header.set("adapter.lora.alpha", modelfile::GgufValue::f32(4));
  header.tensors = {{.name = "blk.0.ffn_up.weight.lora_a", .type = 0, .shape = {576, 2}},
                    {.name = "blk.0.ffn_up.weight.lora_b", .type = 0, .shape = {2, 1536}}};
  Random random(7);
  const auto numbers = [&](const modelfile::GgufTensor& tensor, const std::function<Status(std::string_view)>& sink) {
    std::vector<float> values(tensor.elements());
    for (float& v : values) v = static_cast<float>(random.uniform() - 0.5);
    return sink({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  };
  const fs::path path = folder / "adapter.gguf";
  EXPECT_TRUE(modelfile::write_gguf(path, header, numbers).ok());
  return path;
}

class LocalDeployerTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto programs = find_engine_programs(own_programs(), default_cache_folder());
    if (programs.llama_server.empty() || programs.llama_quantize.empty() || !fs::exists(demo_model())) {
      GTEST_SKIP() << "llama.cpp or the demo's model is missing; scripts/setup fetches them";
    }
    start({.data_folder = folder_.path() / "data", .programs = programs, .threads = 2});
  }
  void TearDown() override {
    if (deployer_) run_blocking(deployer_->stop());
  }
  void start(LocalSettings settings) {
    settings_ = std::move(settings);
    deployer_ = std::make_unique<LocalDeployer>(settings_, launcher_, client_, disk_, threads_.get_executor());
  }

  static ModelSpec model() { return {.name = "small", .path = demo_model(), .context_length = 1024}; }
  Result<Deployment> try_deploy(DeploymentRequest request, Deadline deadline = Deadline::after(100s)) {
    return run_blocking(deployer_->deploy(std::move(request), std::move(deadline)));
  }
  Deployment deploy(DeploymentRequest request) {
    auto out = try_deploy(std::move(request));
    EXPECT_TRUE(out.ok()) << out.error().message;
    return std::move(out).value_or(Deployment{});
  }
  Result<json> ask(const Deployment& deployment, const std::string& path, const json& body) {
    return ask_text(deployment, path, body.dump());
  }
  Result<json> ask_text(const Deployment& deployment, const std::string& path, const std::string& body) {
    FW_ASSIGN(const auto response,
              run_blocking(client_.send(
                  keyed(deployment, net::json_request(net::Method::kPost, deployment.endpoint.url + path, body)),
                  Deadline::after(60s))));
    return json::parse(response.body, nullptr, false);
  }
  static net::Request keyed(const Deployment& deployment, net::Request request) {
    for (const auto& [name, value] : deployment.endpoint.headers) request.headers.set(name, value);
    return request;
  }
  int status_of(net::Request request) {
    const auto response = run_blocking(client_.send(std::move(request), Deadline::after(10s)));
    return response.ok() ? response->status : 0;
  }
  /// Log probability of the likeliest token after a fixed text: a number that any change of the weights moves.
  double fingerprint(const Deployment& deployment) {
    const auto answer =
        ask(deployment, "/completions",
            {{"prompt", "The capital of France is"}, {"max_tokens", 1}, {"temperature", 0}, {"logprobs", 1}});
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer->at("choices").at(0).at("logprobs").at("content").at(0).at("logprob").get<double>();
  }
  template <class Claim>
  static bool comes_true(Claim claim) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!claim() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(10ms);
    return claim();
  }
  /// Every thread of it: on a busy machine some go on for a while after the signal.
  static bool is_stopped(int pid) {
    const fs::path threads = "/proc/" + std::to_string(pid) + "/task";
    return std::ranges::all_of(fs::directory_iterator(threads), [](const auto& thread) {
      const auto stat = io::read_file(thread.path() / "stat");
      return stat.ok() && stat->find(") T ") != std::string::npos;
    });
  }
  [[nodiscard]] std::size_t models_made() const {
    std::size_t out = 0;
    for (const auto& entry : fs::directory_iterator(settings_.data_folder / "models"))
      out += entry.path().extension() == ".gguf";
    return out;
  }

  io::TemporaryFolder folder_;
  boost::asio::thread_pool threads_{2};
  io::ProcessLauncher launcher_;
  Pool disk_{"disk", 2};
  net::Client client_{threads_.get_executor()};
  LocalSettings settings_;
  std::unique_ptr<LocalDeployer> deployer_;
};

const json kTools =
    json::parse(R"([{"type": "function", "function": {"name": "get_order", "description": "Looks an order up",
  "parameters": {"type": "object", "properties": {"order_id": {"type": "integer"}, "part": {"type": "string", "enum": ["status", "price"]}},
                 "required": ["order_id", "part"]}}}])");

TEST_F(LocalDeployerTest, ASharedBeginningIsComputedOnceForAllSlots) {
  const auto up = deploy({.model = model(), .parallelism = 4});
  // The tools' members are not in alphabetical order, as applications write them.
  std::string tools;
  for (int i = 0; i < 8; ++i)
    tools += std::string(i > 0 ? "," : "") + R"({"type":"function","function":{"name":"tool_)" + std::to_string(i) +
             R"(","description":"Does it","parameters":{"type":"object","properties":{"zone":{"type":"string"}}}}})";
  const auto request = [&](const std::string& question, int slot) {
    return R"({"model":")" + *up.id + R"(","max_tokens":4,"id_slot":)" + std::to_string(slot) +
           R"(,"messages":[{"role":"system","content":"You route."},{"role":"user","content":")" + question +
           R"("}],"tools":[)" + tools + "]}";
  };
  run_blocking(deployer_->share_beginning(up.id, request("What is tea?", 0), Deadline::after(60s)));
  for (int slot = 0; slot < 4; ++slot) {
    const auto question = "Slot " + std::to_string(slot) + " speaking, which city is it?";
    const auto answer = ask_text(up, "/chat/completions", request(question, slot));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    const auto& timings = answer->at("timings");
    EXPECT_GT(timings.at("cache_n").get<int>(), 250) << slot;
    EXPECT_LT(timings.at("prompt_n").get<int>(), 40) << slot;
  }
  run_blocking(deployer_->share_beginning(DeploymentId("nobody"), "{}", Deadline::after(1s)));
}

TEST_F(LocalDeployerTest, ServesToolCallsOfAModelWhoseTemplateKnowsNone) {
  const auto up = deploy({.model = model(), .parallelism = 2});
  EXPECT_THAT(up.description, HasSubstr("2 slots of 1024 tokens"));
  // An untrained model seldom begins a call by itself: the answer is begun for it, arguments are bound by the schema.
  const json messages =
      json::parse(R"([{"role": "system", "content": "You route."}, {"role": "user", "content": "Where is order 4711?"},
    {"role": "assistant", "content": "<tool_call>{\"name\":\"get_order\",\"arguments\":"}])");
  const auto answer = ask(up, "/chat/completions",
                          {{"model", up.endpoint.model},
                           {"messages", messages},
                           {"tools", kTools},
                           {"tool_choice", "required"},
                           {"max_tokens", 60},
                           {"temperature", 0}});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto calls = answer->at("choices").at(0).at("message").value("tool_calls", json::array());
  ASSERT_FALSE(calls.empty()) << answer->dump();
  EXPECT_EQ(calls[0].at("function").at("name"), "get_order");
  const auto arguments = json::parse(calls[0].at("function").at("arguments").get<std::string>());
  EXPECT_TRUE(arguments.at("order_id").is_number_integer());
  EXPECT_TRUE(arguments.at("part") == "status" || arguments.at("part") == "price");
}

TEST_F(LocalDeployerTest, RendersEarlierCallsNullContentAndToolAnswers) {
  const auto up = deploy({.model = model(), .parallelism = 1});
  const json messages = json::parse(R"([{"role": "user", "content": "Where is order 1?"},
    {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "get_order", "arguments": "{\"order_id\": 1, \"part\":\"status\"}"}}]},
    {"role": "tool", "tool_call_id": "a", "content": "sent"}, {"role": "user", "content": "Thanks"}])");
  Deployment root = up;
  root.endpoint.url.resize(root.endpoint.url.size() - 3);
  const auto prompt = ask(root, "/apply-template", {{"messages", messages}, {"tools", kTools}});
  ASSERT_TRUE(prompt.ok()) << prompt.error().message;
  EXPECT_EQ(prompt->at("prompt").get<std::string>(),
            "<|im_start|>system\nTools, one a line:\n{\"name\":\"get_order\",\"description\":\"Looks an order "
            "up\",\"parameters\":" +
                kTools[0]["function"]["parameters"].dump() +
                "}\nTo call one, answer <tool_call>{\"name\":NAME,\"arguments\":{...}}</tool_call><|im_end|>\n"
                "<|im_start|>user\nWhere is order 1?<|im_end|>\n"
                "<|im_start|>assistant\n<tool_call>{\"name\":\"get_order\",\"arguments\":{\"order_id\":1,\"part\":"
                "\"status\"}}</tool_call><|im_end|>\n"
                "<|im_start|>user\n<tool_response>sent</tool_response><|im_end|>\n"
                "<|im_start|>user\nThanks<|im_end|>\n<|im_start|>assistant\n");
}

TEST_F(LocalDeployerTest, AnyModelGivesVectorsOfTextsAndLongOnesAreCut) {
  auto small = model();
  small.context_length = 64;
  const auto up = deploy({.model = small, .parallelism = 4, .embeds = true});
  EXPECT_THAT(up.description, HasSubstr("mean pooling (its file names none), texts of up to 63 tokens"));
  const SystemClock clock;
  OpenAiEmbedder embedder(client_, clock);
  std::string endless = "where is my parcel";
  while (endless.size() < 8000) endless += " and where is it now";
  const std::vector<std::string> texts{"where is my parcel, please", "where is my parcel now", "2 + 2 = 4", endless,
                                       endless + " with another end"};
  const auto made = run_blocking(embedder.embed(up.endpoint, texts, EmbeddingUse::kQuery, Deadline::after(60s)));
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto cosine = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t i = 0; i < made->vectors[a].size(); ++i)
      sum += static_cast<double>(made->vectors[a][i]) * made->vectors[b][i];
    return sum;
  };
  EXPECT_EQ(made->vectors.front().size(), 576U);
  EXPECT_NEAR(cosine(0, 0), 1, 1e-3);
  EXPECT_GT(cosine(0, 1), cosine(0, 2));
  EXPECT_THAT(made->cut, testing::ElementsAre(3, 4));
  EXPECT_NEAR(cosine(3, 4), 1, 1e-3) << "their beginnings are the same";
  auto stranger = up.endpoint;
  stranger.headers.clear();
  EXPECT_FALSE(run_blocking(embedder.embed(stranger, {"a"}, EmbeddingUse::kQuery, Deadline::after(60s))).ok());
  const int pid = deployer_->process_id(up.id);
  EXPECT_TRUE(run_blocking(deployer_->undeploy(up.id)).ok());
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(LocalDeployerTest, TheProcessIsGoneAfterUndeploy) {
  const auto up = deploy({.model = model(), .parallelism = 1});
  const int pid = deployer_->process_id(up.id);
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(run_blocking(deployer_->undeploy(up.id)).ok());
  EXPECT_FALSE(fs::exists("/proc/" + std::to_string(pid)));
  EXPECT_TRUE(run_blocking(deployer_->undeploy(up.id)).ok());
  EXPECT_EQ(deployer_->status(up.id).error().code, ErrorCode::kNotFound);
}

TEST_F(LocalDeployerTest, WhatIsEvaluatedGivesWayToWhatAnswersTraffic) {
  settings_.niceness = 6;
  start(settings_);
  const auto niceness_of = [&](const Deployment& up) {
    return ::getpriority(PRIO_PROCESS, static_cast<id_t>(deployer_->process_id(up.id)));
  };
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(niceness_of(deploy({.model = model(), .parallelism = 1})), ours + 6);
  EXPECT_EQ(niceness_of(deploy({.model = model(), .parallelism = 1, .answers_traffic = true})), ours);
}

TEST_F(LocalDeployerTest, ACrashedEngineComesBackOnceOnItsPort) {
  const auto up = deploy({.model = model(), .parallelism = 1});
  const double before = fingerprint(up);
  const int first = deployer_->process_id(up.id);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  ASSERT_TRUE(comes_true([&] { return deployer_->process_id(up.id) != first && deployer_->process_id(up.id) != 0; }));
  EXPECT_TRUE(deployer_->status(up.id).ok());
  EXPECT_NEAR(fingerprint(up), before, 1e-4);
  ASSERT_EQ(::kill(deployer_->process_id(up.id), SIGKILL), 0);
  ASSERT_TRUE(comes_true([&] { return !deployer_->status(up.id).ok(); }));
  EXPECT_THAT(deployer_->status(up.id).error().message, HasSubstr("signal 9"));
  EXPECT_FALSE(ask(up, "/completions", {{"prompt", "x"}}).ok());
}

TEST_F(LocalDeployerTest, WhatAnEngineWritesIsReadFromItsStartOnOverACrashAndStays) {
  const auto log = std::make_shared<EngineLog>();
  const auto said = [&](const std::string& words) {
    return std::ranges::count_if(log->lines(), [&](const auto& line) { return line.find(words) != line.npos; });
  };
  const auto up = deploy({.model = model(), .parallelism = 1, .log = log});
  EXPECT_EQ(said("listening on http://127.0.0.1"), 1);
  EXPECT_EQ(said("stop processing"), 0);
  (void)fingerprint(up);
  EXPECT_TRUE(comes_true([&] { return said("stop processing") == 1; }));
  EXPECT_EQ(said("The capital of France"), 0) << "a prompt is in the log";
  const int first = deployer_->process_id(up.id);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_TRUE(comes_true([&] { return said("listening on http://127.0.0.1") == 2; }));
  ASSERT_TRUE(comes_true([&] { return deployer_->process_id(up.id) != 0; }));
  EXPECT_TRUE(run_blocking(deployer_->undeploy(up.id)).ok());
  EXPECT_EQ(said("listening on http://127.0.0.1"), 2);
  EXPECT_EQ(said("stop processing"), 1);
}

TEST_F(LocalDeployerTest, WithoutRestartsTheFirstCrashIsTheDeploymentsEndAndIsTold) {
  const auto up = deploy({.model = model(), .parallelism = 1, .restarts = 0});
  const auto early = run_blocking(deployer_->failure_of(up.id, Deadline::after(50ms)));
  EXPECT_EQ(early.code, ErrorCode::kDeadlineExceeded);
  ASSERT_EQ(::kill(deployer_->process_id(up.id), SIGKILL), 0);
  const auto failure = run_blocking(deployer_->failure_of(up.id, Deadline::after(20s)));
  EXPECT_EQ(failure.code, ErrorCode::kUnavailable);
  EXPECT_THAT(failure.message, HasSubstr("signal 9"));
  EXPECT_EQ(deployer_->process_id(up.id), 0);
  EXPECT_EQ(run_blocking(deployer_->failure_of(DeploymentId("none"), Deadline::after(1s))).code, ErrorCode::kNotFound);
}

TEST_F(LocalDeployerTest, AnEngineAnswersWhoHasItsKeyAlone) {
  const auto up = deploy({.model = model(), .parallelism = 1});
  const auto other = deploy({.model = model(), .parallelism = 1});
  const net::Request models{.target = up.endpoint.url + "/models"};
  EXPECT_EQ(status_of(models), 401);
  EXPECT_EQ(status_of(keyed(other, models)), 401);
  EXPECT_EQ(status_of(keyed(up, models)), 200);
  std::ifstream arguments("/proc/" + std::to_string(deployer_->process_id(up.id)) + "/cmdline");
  const std::string shown{std::istreambuf_iterator<char>(arguments), {}};
  ASSERT_THAT(shown, HasSubstr("--alias"));
  const std::string key = up.endpoint.headers.at(0).second.substr(std::strlen("Bearer "));
  EXPECT_EQ(key.size(), 64U);
  EXPECT_THAT(shown, Not(HasSubstr(key)));
}

TEST_F(LocalDeployerTest, ABusyEngineIsHealthyAndOneThatHangsIsNot) {
  const auto up = deploy({.model = model(), .parallelism = 1, .restarts = 0});
  const auto health = [&](Duration patience) {
    return run_blocking(check_engine_health(client_, up.endpoint, Deadline::after(patience)));
  };
  std::vector<std::jthread> askers;
  for (int i = 0; i < 12; ++i) {
    askers.emplace_back([&] { (void)ask(up, "/completions", {{"prompt", "Once upon a time"}, {"max_tokens", 40}}); });
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(health(20s).ok());
  askers.clear();
  const int pid = deployer_->process_id(up.id);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  ASSERT_TRUE(comes_true([&] { return is_stopped(pid); }));
  const auto hung = health(200ms);
  ASSERT_FALSE(hung.ok());
  EXPECT_EQ(hung.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(hung.error().message, HasSubstr("GET /health"));
  ASSERT_TRUE(run_blocking(deployer_->undeploy(up.id)).ok());
  EXPECT_EQ(deployer_->process_id(up.id), 0);
}

TEST_F(LocalDeployerTest, BaseAndAdapterAreServedSideBySide) {
  settings_.programs.trainer.clear();  // so that the adapter stays apart from the weights
  start(settings_);
  const auto base = deploy({.model = model(), .parallelism = 1});
  const auto tuned =
      deploy({.model = model(), .adapter = Adapter{.gguf = write_adapter(folder_.path())}, .parallelism = 1});
  EXPECT_THAT(tuned.description, HasSubstr("adapter beside the weights"));
  EXPECT_GT(std::abs(fingerprint(base) - fingerprint(tuned)), 1e-3);
  EXPECT_EQ(models_made(), 1U);
}

TEST_F(LocalDeployerTest, AMergedAdapterAnswersAsOneBesideTheWeights) {
  if (settings_.programs.trainer.empty()) GTEST_SKIP() << "flywheel-trainer is not built";
  settings_.serving_type = "F16";  // eight bits would round the merged sums and the base apart from each other
  start(settings_);
  const Adapter adapter{.gguf = write_adapter(folder_.path())};
  const auto merged = deploy({.model = model(), .adapter = adapter, .parallelism = 1});
  EXPECT_THAT(merged.description, HasSubstr("adapter merged"));
  EXPECT_FALSE(fs::exists(settings_.data_folder / "models")) << "the base was converted for nothing";
  const double of_merged = fingerprint(merged);
  EXPECT_TRUE(run_blocking(deployer_->undeploy(merged.id)).ok());
  EXPECT_TRUE(fs::is_empty(settings_.data_folder / "engines"));
  settings_.programs.trainer.clear();
  start(settings_);
  const auto beside = deploy({.model = model(), .adapter = adapter, .parallelism = 1});
  EXPECT_NEAR(fingerprint(beside), of_merged, 0.02);
}

TEST_F(LocalDeployerTest, KeepsOnlyTheLayersItIsToldTo) {
  ModelSpec small = model();
  for (int i = 0; i < 30; ++i) {
    if (i < 9 || i > 18) small.keep_layers.push_back(i);
  }
  const auto whole = deploy({.model = model(), .parallelism = 1});
  const auto reduced = deploy({.model = small, .parallelism = 1});
  EXPECT_THAT(reduced.description, HasSubstr("20 layers kept"));
  const auto parameters = [&](const Deployment& up) {
    const auto response =
        run_blocking(client_.send(keyed(up, {.target = up.endpoint.url + "/models"}), Deadline::after(10s)));
    return json::parse(response->body).at("data").at(0).at("meta").at("n_params").get<std::int64_t>();
  };
  EXPECT_EQ(parameters(whole), 134'515'008);
  EXPECT_EQ(parameters(reduced), 134'515'008 - 10 * 3'540'096);
}

TEST_F(LocalDeployerTest, TwoThatWantTheSameFileMakeItOnce) {
  std::thread other([&] { deploy({.model = model(), .parallelism = 1}); });
  deploy({.model = model(), .parallelism = 1});
  other.join();
  EXPECT_EQ(models_made(), 1U);
}

TEST_F(LocalDeployerTest, ATruncatedModelFailsWithItsReason) {
  const fs::path path = folder_.path() / "cut.gguf";
  fs::copy_file(demo_model(), path);
  fs::resize_file(path, fs::file_size(path) / 2);
  ModelSpec cut = model();
  cut.path = path;
  const auto out = try_deploy({.model = cut});
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message, HasSubstr("cut.gguf"));
}

TEST_F(LocalDeployerTest, AnEngineThatCannotLoadFailsInItsOwnWords) {
  Adapter broken{.gguf = folder_.path() / "broken.gguf"};
  std::ofstream(broken.gguf) << "this is no adapter";
  settings_.programs.trainer.clear();
  start(settings_);
  const auto log = std::make_shared<EngineLog>();
  const auto out = try_deploy({.model = model(), .adapter = broken, .log = log});
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message, HasSubstr("its last words"));
  EXPECT_THAT(out.error().message, HasSubstr("broken.gguf"));
  EXPECT_THAT(log->lines(), testing::Contains(HasSubstr("broken.gguf")));
}

TEST_F(LocalDeployerTest, AnErrorQuotesAnEngineAsFarAsItsLinesAreShown) {
  Adapter broken{.gguf = folder_.path() / "broken.gguf"};
  std::ofstream(broken.gguf) << "this is no adapter";
  settings_.programs.trainer.clear();
  settings_.redact = [](std::string line) { return line.find("broken.gguf") == line.npos ? line : "[withheld]"; };
  start(settings_);
  const auto out = try_deploy({.model = model(), .adapter = broken});
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message, HasSubstr("[withheld]"));
  EXPECT_THAT(out.error().message, Not(HasSubstr("broken.gguf")));
}

TEST_F(LocalDeployerTest, ACancelledStartLeavesNothingBehind) {
  std::stop_source stop, stopped;
  stopped.request_stop();
  EXPECT_EQ(try_deploy({.model = model()}, Deadline::after(60s, stopped.get_token())).error().code,
            ErrorCode::kCancelled);
  std::thread soon([&] {
    std::this_thread::sleep_for(300ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto out = try_deploy({.model = model()}, Deadline::after(60s, stop.get_token()));
  soon.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  if (!out.ok()) {
    EXPECT_EQ(out.error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(!fs::exists(settings_.data_folder / "engines") || fs::is_empty(settings_.data_folder / "engines"));
  }
}

TEST_F(LocalDeployerTest, AnEndpointOfItsOwnIsOnlyChecked) {
  const auto engine = deploy({.model = model(), .parallelism = 1});
  const auto behind = deploy({.model = {.name = "remote", .endpoint = engine.endpoint}});
  EXPECT_EQ(behind.endpoint.url, engine.endpoint.url);
  EXPECT_EQ(deployer_->process_id(behind.id), 0);
  EXPECT_TRUE(run_blocking(deployer_->undeploy(behind.id)).ok());
  EXPECT_TRUE(run_blocking(deployer_->undeploy(engine.id)).ok());
  EXPECT_EQ(try_deploy({.model = {.name = "remote", .endpoint = engine.endpoint}}).error().code,
            ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fw::modelops
