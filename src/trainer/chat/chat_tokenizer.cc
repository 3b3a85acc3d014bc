#include "trainer/chat/chat_tokenizer.h"

#include <algorithm>
#include <array>
#include <exception>

#include "chat.h"
#include "io/file.h"
#include "llama.h"
#include "log.h"

namespace fw::trainer {
namespace {

constexpr std::uint64_t kTemplateLimit = 1 << 20;
constexpr std::string_view kRemedy =
    "; name a template that can (chat_template: FILE in the configuration, --chat-template-file here)";

struct ModelDeleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
};

// What llama.cpp logs while it refuses a file is the only place where it says why.
std::string& last_complaint() {
  static thread_local std::string text;
  return text;
}

void keep_complaint(ggml_log_level level, const char* text, void*) {
  if (level == GGML_LOG_LEVEL_ERROR && last_complaint().empty()) last_complaint() = text;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

struct Conversation {
  common_chat_templates_inputs inputs;  ///< all but the answer, with the generation prompt
  common_chat_msg answer;
};

Result<Conversation> parse_row(const std::string& line) {
  const auto json = common_json::parse_no_throw(line);
  if (json.is_discarded() || !json.is_object()) return invalid_argument("the row is no JSON object");
  if (!json.contains("messages") || !json.at("messages").is_array()) return invalid_argument("the row has no messages");
  Conversation conversation;
  auto messages = common_chat_msgs_parse_oaicompat(json.at("messages"));
  if (messages.size() < 2 || messages.back().role != "assistant")
    return invalid_argument("the row's last message is not the assistant's, or its only one");
  conversation.answer = std::move(messages.back());
  messages.pop_back();
  if (conversation.answer.empty()) return invalid_argument("the row's answer is empty");
  conversation.inputs.messages = std::move(messages);
  if (json.contains("tools") && json.at("tools").is_array() && json.at("tools").size() > 0)
    conversation.inputs.tools = common_chat_tools_parse_oaicompat(json.at("tools"));
  return conversation;
}

}  // namespace

struct ChatTokenizer::Impl {
  std::unique_ptr<llama_model, ModelDeleter> model;
  common_chat_templates_ptr templates;
  const llama_vocab* vocab = nullptr;
  std::map<std::string, bool> capabilities;
  bool enable_thinking = false;
  // Whether rendering alone gives the prompt of the full path, which also builds a parser for the answer and is fifty
  // times slower. Found out at the first row without and the first with tools.
  std::array<std::optional<bool>, 2> plain_rendering;

  std::string render(common_chat_templates_inputs inputs) {
    auto& plain = plain_rendering[inputs.tools.empty() ? 0 : 1];
    inputs.use_jinja = true;
    inputs.enable_thinking = enable_thinking;
    inputs.chat_template_kwargs["enable_thinking"] = enable_thinking ? "true" : "false";
    inputs.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
    const auto parallel = capabilities.find("supports_parallel_tool_calls");
    inputs.parallel_tool_calls = parallel != capabilities.end() && parallel->second;
    if (plain.value_or(true)) {
      inputs.force_pure_content = true;
      auto prompt = common_chat_templates_apply(templates.get(), inputs).prompt;
      if (plain.has_value()) return prompt;
      inputs.force_pure_content = false;
      auto full = common_chat_templates_apply(templates.get(), inputs).prompt;
      plain = full == prompt;
      return full;
    }
    return common_chat_templates_apply(templates.get(), inputs).prompt;
  }

  std::vector<Token> tokenize(const std::string& text, bool add_special) const {
    std::vector<Token> tokens(text.size() + 16);
    const auto count = llama_tokenize(vocab, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                      static_cast<std::int32_t>(tokens.size()), add_special, true);
    tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
    return tokens;
  }

  [[nodiscard]] Status check_expressible(const Conversation& conversation) const {
    const auto can = [&](const char* what) {
      const auto it = capabilities.find(what);
      return it != capabilities.end() && it->second;
    };
    bool has_calls = !conversation.answer.tool_calls.empty();
    for (const auto& message : conversation.inputs.messages) has_calls |= !message.tool_calls.empty();
    if (!conversation.inputs.tools.empty() && !can("supports_tools"))
      return failed_precondition("the chat template does not know tools" + std::string(kRemedy));
    if (has_calls && !can("supports_tool_calls"))
      return failed_precondition("the chat template does not know tool calls" + std::string(kRemedy));
    return {};
  }

  struct Rendered {
    std::string prompt, answer;
  };
  // nullopt when the template renders the answered conversation otherwise than the prompt and something behind it.
  std::optional<Rendered> render_with_answer(common_chat_templates_inputs inputs, const common_chat_msg& answer) {
    inputs.add_generation_prompt = true;
    Rendered out{render(inputs), ""};
    inputs.messages.push_back(answer);
    inputs.add_generation_prompt = false;
    const std::string whole = render(std::move(inputs));
    if (!whole.starts_with(out.prompt) || whole.size() == out.prompt.size()) return std::nullopt;
    out.answer = whole.substr(out.prompt.size());
    return out;
  }

  // Some templates move what stands before the last turn once that is answered (Mistral's put the system message before
  // the last message of the user alone): the answer is then rendered without system messages, the prompt with them.
  Result<Rendered> render_row(const Conversation& conversation) {
    if (auto direct = render_with_answer(conversation.inputs, conversation.answer)) return std::move(*direct);
    auto without = conversation.inputs;
    std::erase_if(without.messages, [](const auto& m) { return m.role == "system" || m.role == "developer"; });
    if (without.messages.size() < conversation.inputs.messages.size() && !without.messages.empty()) {
      if (auto answered = render_with_answer(std::move(without), conversation.answer)) {
        auto inputs = conversation.inputs;
        inputs.add_generation_prompt = true;
        return Rendered{render(std::move(inputs)), std::move(answered->answer)};
      }
    }
    return failed_precondition(
        "the chat template renders an answered conversation otherwise than the prompt and the answer (some begin every "
        "answer with a thought that logged answers do not have)" +
        std::string(kRemedy));
  }

  std::string text_of(const std::vector<Token>& tokens) const {
    std::string text(tokens.size() * 16 + 64, '\0');
    const auto detokenize = [&] {
      return llama_detokenize(vocab, tokens.data(), static_cast<std::int32_t>(tokens.size()), text.data(),
                              static_cast<std::int32_t>(text.size()), false, true);
    };
    auto size = detokenize();
    if (size < 0) {
      text.resize(static_cast<std::size_t>(-size));
      size = detokenize();
    }
    text.resize(static_cast<std::size_t>(std::max(size, 0)));
    return text;
  }

  // The tokens that a model behind `prompt` has to generate for `answer`. Byte-pair vocabularies cut a text wherever it
  // begins; SentencePiece puts a space before the beginning of a text, which an answer is not: there it is tokenised
  // with what stands before it.
  std::vector<Token> tokenize_answer(const std::string& prompt, const std::vector<Token>& prompt_tokens,
                                     const std::string& answer) const {
    if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_BPE) return tokenize(answer, false);
    auto whole = tokenize(prompt + answer, true);
    if (whole.size() > prompt_tokens.size() && std::equal(prompt_tokens.begin(), prompt_tokens.end(), whole.begin()))
      return {whole.begin() + static_cast<std::ptrdiff_t>(prompt_tokens.size()), whole.end()};
    // The last characters of the prompt and the first of the answer are one token: behind a line break they are not.
    for (const std::string& guard : {std::string("\n"), std::string(".")}) {
      const auto alone = tokenize(guard, false);
      const auto behind = tokenize(guard + answer, false);
      if (behind.size() <= alone.size() || !std::equal(alone.begin(), alone.end(), behind.begin())) continue;
      std::vector<Token> tokens(behind.begin() + static_cast<std::ptrdiff_t>(alone.size()), behind.end());
      if (text_of(behind).ends_with(answer)) return tokens;
    }
    return tokenize(answer, false);
  }

  Result<TrainingRow> encode(const Conversation& conversation) {
    FW_TRY(check_expressible(conversation));
    FW_ASSIGN(const auto text, render_row(conversation));
    TrainingRow row;
    row.tokens = tokenize(text.prompt, true);
    row.answer_begin = static_cast<std::int64_t>(row.tokens.size());
    auto answer = tokenize_answer(text.prompt, row.tokens, text.answer);
    while (!answer.empty() && !llama_vocab_is_eog(vocab, answer.back())) answer.pop_back();
    if (answer.empty())
      return failed_precondition("the chat template does not end an answer with a token that ends a turn" +
                                 std::string(kRemedy));
    row.tokens.insert(row.tokens.end(), answer.begin(), answer.end());
    if (row.answer_begin == 0)
      return failed_precondition("the chat template renders an empty prompt" + std::string(kRemedy));
    return row;
  }
};

ChatTokenizer::ChatTokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTokenizer::~ChatTokenizer() = default;
ChatTokenizer::ChatTokenizer(ChatTokenizer&&) noexcept = default;

Result<ChatTokenizer> ChatTokenizer::open(const std::filesystem::path& gguf,
                                          const std::optional<std::filesystem::path>& chat_template,
                                          bool enable_thinking) {
  std::string source;
  if (chat_template) {
    FW_ASSIGN(source, io::read_file(*chat_template, kTemplateLimit));
    if (source.empty()) return invalid_argument("chat template " + chat_template->string() + " is empty");
  }
  llama_log_set(keep_complaint, nullptr);
  common_log_set_verbosity_thold(-1);
  last_complaint().clear();
  auto impl = std::make_unique<Impl>();
  auto parameters = llama_model_default_params();
  parameters.vocab_only = true;
  impl->model.reset(llama_model_load_from_file(gguf.c_str(), parameters));
  if (!impl->model)
    return data_loss("the tokenizer of " + gguf.string() + " cannot be read (" + trimmed(last_complaint()) + ")");
  impl->vocab = llama_model_get_vocab(impl->model.get());
  if (llama_vocab_type(impl->vocab) == LLAMA_VOCAB_TYPE_NONE)
    return data_loss(gguf.string() + " holds no tokenizer; name a file that does with --tokenizer");
  try {
    impl->templates = common_chat_templates_init(impl->model.get(), source);
    impl->capabilities = common_chat_templates_get_caps(impl->templates.get());
    impl->enable_thinking = enable_thinking && common_chat_templates_support_enable_thinking(impl->templates.get());
  } catch (const std::exception& e) {
    return invalid_argument("the chat template cannot be used: " + std::string(e.what()));
  }
  return ChatTokenizer(std::move(impl));
}

Result<TrainingRow> ChatTokenizer::encode(const std::string& json_line) {
  try {
    FW_ASSIGN(const auto conversation, parse_row(json_line));
    return impl_->encode(conversation);
  } catch (const std::exception& e) {
    return invalid_argument(trimmed(e.what()));
  }
}

std::int32_t ChatTokenizer::vocabulary_size() const { return llama_vocab_n_tokens(impl_->vocab); }

}  // namespace fw::trainer
