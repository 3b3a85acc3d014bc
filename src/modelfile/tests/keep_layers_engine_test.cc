// The real model, cut down, in the real engine. Needs both in the cache that scripts/setup fills; skipped without.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/file.h"
#include "io/input_file.h"
#include "modelfile/keep_layers.h"
#include "modelfile/summary.h"

namespace fw::modelfile {
namespace {

namespace fs = std::filesystem;

fs::path model_path() {
  const char* named = std::getenv("FLYWHEEL_MODEL");
  return named != nullptr ? fs::path(named) : fs::path(FW_CACHE) / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
}

// Layers 9 to 18 of the 30 dropped: the demo's second candidate.
std::vector<int> twenty_layers() {
  std::vector<int> layers;
  for (int i = 0; i < 30; ++i) {
    if (i < 9 || i > 18) layers.push_back(i);
  }
  return layers;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// The whole answer to one request, or nothing if nobody listens.
std::string ask(int port, const std::string& method_and_path, const std::string& body) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        method_and_path +
        " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    char piece[4096];
    for (ssize_t n = 0; (n = ::recv(fd, piece, sizeof(piece), 0)) > 0;)
      answer.append(piece, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer;
}

class Engine {
 public:
  Engine(const fs::path& program, const fs::path& model) : port_(free_port()), pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::string port = std::to_string(port_);
    ::execl(program.c_str(), program.c_str(), "-m", model.c_str(), "--host", "127.0.0.1", "--port", port.c_str(), "-c",
            "512", "-t", "1", "--log-verbosity", "0", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ~Engine() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] bool comes_up() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    while (std::chrono::steady_clock::now() < end) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return pid_ = -1, false;
      if (ask(port_, "GET /health", "").find("200 OK") != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  int port_;
  pid_t pid_;
};

class RealModel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(model_path())) GTEST_SKIP() << "no model at " << model_path() << "; scripts/setup fetches it";
  }
  io::TemporaryFolder folder_;
};

TEST_F(RealModel, IsInspectedAsItIsPublished) {
  const auto summary = inspect(model_path());
  ASSERT_TRUE(summary.ok()) << summary.error();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->layers, 30U);
  EXPECT_EQ(summary->parameters, 134'515'008U);
  EXPECT_EQ(summary->vocabulary, 49'152U);
  EXPECT_EQ(summary->context_length, 8'192U);
  EXPECT_EQ(summary->types.at("Q4_1").tensors, 210U);
  EXPECT_TRUE(summary->tied_embeddings);
}

TEST_F(RealModel, KeepsTheBytesOfTheLayersThatStay) {
  const fs::path out = folder_.path() / "small.gguf";
  ASSERT_TRUE(keep_layers(model_path(), out, twenty_layers()).ok());
  const auto before = read_gguf_header(model_path());
  const auto after = read_gguf_header(out);
  ASSERT_TRUE(after.ok()) << after.error();
  EXPECT_EQ(after->tensors.size(), 2 + 20 * 9U);
  const std::string old_bytes = *io::read_file(model_path());
  const std::string new_bytes = *io::read_file(out);
  const std::vector<int> kept = twenty_layers();
  for (const GgufTensor& tensor : after->tensors) {
    std::string name = tensor.name;
    if (name.starts_with("blk.")) {
      const auto dot = name.find('.', 4);
      name = "blk." + std::to_string(kept[std::stoul(name.substr(4))]) + name.substr(dot);
    }
    const GgufTensor* old = before->find_tensor(name);
    ASSERT_NE(old, nullptr) << name;
    EXPECT_TRUE(std::string_view(new_bytes).substr(after->data_offset + tensor.offset, tensor.bytes) ==
                std::string_view(old_bytes).substr(before->data_offset + old->offset, old->bytes))
        << name;
  }
}

TEST_F(RealModel, AnswersInTheEngineWithTwentyOfItsLayers) {
  const fs::path server = fs::path(FW_LLAMA_DIR) / "build/bin/llama-server";
  if (!fs::exists(server)) GTEST_SKIP() << "no llama-server at " << server << "; scripts/setup builds it";
  const fs::path out = folder_.path() / "small.gguf";
  ASSERT_TRUE(keep_layers(model_path(), out, twenty_layers()).ok());
  Engine engine(server, out);
  ASSERT_TRUE(engine.comes_up());
  const nlohmann::json request{{"prompt", "The capital of France is"}, {"n_predict", 8}, {"temperature", 0}};
  const std::string answer = ask(engine.port(), "POST /completion", request.dump());
  const auto json = nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4), nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << answer;
  EXPECT_FALSE(json["content"].get<std::string>().empty()) << answer;
  EXPECT_EQ(json["tokens_predicted"], 8);
}

}  // namespace
}  // namespace fw::modelfile
