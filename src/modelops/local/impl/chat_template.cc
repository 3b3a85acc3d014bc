#include "modelops/local/impl/chat_template.h"

#include <cctype>
#include <ctime>
#include <regex>

#include "base/hash.h"
#include "io/file.h"
#include "modelops/local/impl/adapt_messages.inc.h"
#include "modelops/local/impl/chatml_tools.inc.h"
#include "modelops/local/template_check.h"

namespace fw::modelops {
namespace {

constexpr std::uint64_t kTemplateLimit = 1 << 20;

// What adapt_messages.jinja is to do.
struct Adaptation {
  bool system = false;     // system messages are refused
  bool turns = false;      // only user and assistant in turn are taken
  bool tools = false;      // no tools are known
  bool short_ids = false;  // tool-call ids have 9 characters

  [[nodiscard]] bool any() const { return system || turns || tools || short_ids; }
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// What a template raises when it will not go on; the texts that those of Gemma, Llama 2 and Mistral have.
bool raises(const std::string& text, const std::string& about) {
  static constexpr auto kFlags = std::regex::icase | std::regex::ECMAScript;
  return std::regex_search(text, std::regex("raise_exception\\(\\s*['\"][^'\"]*" + about, kFlags));
}

Adaptation adaptation_for(const std::string& text, bool has_tools) {
  Adaptation out;
  out.turns = raises(text, "alternat");
  out.system = raises(text, "system role[^'\"]*(not|n't)") || (out.turns && !contains(text, "system"));
  out.tools = has_tools && !knows_tools(text);
  static const std::regex kNine("id['\"\\]]*\\s*\\|\\s*length\\s*(!=|==)\\s*9");
  out.short_ids = has_tools && std::regex_search(text, kNine);
  return out;
}

std::string first_line(const Adaptation& a) {
  const auto flag = [](const char* name, bool value) { return std::string(name) + (value ? "=true, " : "=false, "); };
  return "{%- set fw = namespace(" + flag("system", a.system) + flag("turns", a.turns) + flag("tools", a.tools) +
         flag("short_ids", a.short_ids) + "list=[], ids=[], pending='') -%}\n";
}

void note(const Adaptation& a, std::vector<std::string>& notes) {
  const std::string whose = "the model's chat template ";
  if (a.tools) notes.push_back(whose + "knows no tools: they are put into the system message, and calls into the text");
  if (a.system) notes.push_back(whose + "refuses system messages: they are put before the next user message");
  if (a.turns)
    notes.push_back(whose + "takes only user and assistant in turn: messages of one role in a row are joined");
  if (a.short_ids) notes.push_back(whose + "takes tool-call ids of 9 characters only: they are numbered anew");
}

std::string formatted(const std::tm& day, const std::string& format) {
  std::string text(format.size() * 8 + 64, '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &day));
  return text;
}

// The template with `date` for today: its calls of strftime_now become their results, and the variables that
// llama.cpp sets to today are set before it.
Result<std::string> with_date(const std::string& text, const std::string& date, std::vector<std::string>& notes) {
  static const std::regex kCall(R"(strftime_now\(\s*(?:"([^"]*)\"|'([^']*)')\s*\))");
  static const std::regex kAnyCall(R"(strftime_now\s*\()");
  static const std::regex kVariable(R"(\b(date_string|datetime)\b)");
  std::tm day{};
  if (::strptime(date.c_str(), "%Y-%m-%d", &day) == nullptr)
    return invalid_argument("date \"" + date + "\" is not of the form 2026-11-26");
  std::string out, rest = text;
  for (std::smatch call; std::regex_search(rest, call, kCall); rest = call.suffix()) {
    const std::string value = formatted(day, call[1].matched ? call[1] : call[2]);
    out += call.prefix().str() + "'" + value + "'";
  }
  out += rest;
  if (std::regex_search(out, kAnyCall))
    notes.emplace_back("the chat template makes today's date in a way that cannot be fixed: prompts change every day");
  if (!std::regex_search(out, kVariable)) return out;
  return "{%- set date_string = '" + formatted(day, "%d %b %Y") + "' -%}{%- set datetime = '" +
         formatted(day, "%b %d %Y") + "' -%}\n" + out;
}

Result<std::string> own_text(const ModelFacts& facts, const ChatSettings& chat, const std::string& named,
                             std::vector<std::string>& notes) {
  const std::string& own = chat.template_file.empty() ? facts.chat_template : named;
  const bool is_chatml = facts.has_chatml_end && (own.empty() || contains(own, "<|im_end|>"));
  if (is_chatml && (own.empty() || (chat.has_tools && !knows_tools(own)))) {
    notes.push_back(own.empty() ? "the model has no chat template: ChatML is used"
                                : "the model's chat template knows no tools: ChatML with tools is used");
    return std::string(kChatmlTools);
  }
  if (!own.empty()) return own;
  return failed_precondition(
      "the model has no chat template, and its vocabulary no <|im_end|> that ChatML would need; name a template with "
      "chat_template: FILE");
}

}  // namespace

bool knows_tools(std::string_view chat_template) {
  constexpr std::string_view kName = "tools";
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = chat_template.find(kName); at != std::string_view::npos;
       at = chat_template.find(kName, at + 1)) {
    const std::size_t end = at + kName.size();
    const bool begins = at == 0 || !is_word(chat_template[at - 1]);
    const bool ends = end == chat_template.size() || !is_word(chat_template[end]);
    if (begins && ends) return true;
  }
  return false;
}

Result<ChatTemplate> choose_chat_template(const ModelFacts& facts, const ChatSettings& chat, const std::string& named) {
  ChatTemplate out;
  FW_ASSIGN(out.text, own_text(facts, chat, named, out.notes));
  const Adaptation adaptation = adaptation_for(out.text, chat.has_tools);
  note(adaptation, out.notes);
  if (!chat.date.empty()) {
    FW_ASSIGN(out.text, with_date(out.text, chat.date, out.notes));
  }
  if (adaptation.any()) out.text = first_line(adaptation) + std::string(kAdaptMessages) + out.text;
  return out;
}

namespace {

Result<ChatTemplate> chosen_for(const ModelSpec& model, const ModelFacts& facts) {
  std::string named;
  if (!model.chat.template_file.empty()) {
    auto text = io::read_file(model.chat.template_file, kTemplateLimit);
    if (!text.ok()) return text.error().within("chat_template");
    if (text->empty()) return invalid_argument("chat_template " + model.chat.template_file.string() + " is empty");
    named = std::move(text).value();
  }
  return choose_chat_template(facts, model.chat, named);
}

}  // namespace

Result<PreparedTemplate> prepare_chat_template(const std::filesystem::path& data_folder, const ModelSpec& model) {
  std::error_code error;
  if (std::filesystem::is_directory(model.path, error)) return PreparedTemplate{.file = model.chat.template_file};
  FW_ASSIGN(const auto facts, read_model_facts(model.path));
  FW_ASSIGN(auto chosen, chosen_for(model, facts));
  if (chosen.text == facts.chat_template) return PreparedTemplate{.notes = std::move(chosen.notes)};
  const auto folder = data_folder / "templates";
  const auto path = folder / ("chat-" + sha256_hex(chosen.text).substr(0, 16) + ".jinja");
  const auto existing = io::read_file(path, kTemplateLimit * 2);
  if (!existing.ok() || *existing != chosen.text) {
    FW_TRY(io::create_folders(folder));
    FW_TRY(io::write_file_atomically(path, chosen.text));
  }
  return PreparedTemplate{path, std::move(chosen.notes)};
}

Result<std::vector<std::string>> check_chat_template(const ModelSpec& model) {
  if (!model.is_local()) return std::vector<std::string>{};
  FW_ASSIGN(const auto facts, read_model_facts(model.path));
  FW_ASSIGN(auto chosen, chosen_for(model, facts));
  return std::move(chosen.notes);
}

}  // namespace fw::modelops
