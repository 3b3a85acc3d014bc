#include "dataset/impl/wording.h"

#include <algorithm>
#include <vector>

#include "dataset/impl/chat.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMaxText = 64u << 10;
constexpr std::size_t kMaxValues = 256;
constexpr char kMask = '\x01';

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Bytes of characters beyond ASCII count as letters.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_word(char c) { return is_letter(c) || is_digit(c); }
bool joins_token(char c) { return c == '-' || c == '_' || c == '/' || c == ':' || c == '.' || c == '@'; }

std::string plain(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, kMaxText)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (static_cast<unsigned char>(c) <= ' ') c = ' ';
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void collect_values(const Json& value, std::vector<std::string>& out) {
  if (value.is_structured()) {
    for (const Json& item : value) collect_values(item, out);
  } else if (value.is_string()) {
    out.push_back(plain(value.get_ref<const std::string&>()));
    std::string spaced = out.back();
    std::replace(spaced.begin(), spaced.end(), '_', ' ');
    if (spaced != out.back()) out.push_back(std::move(spaced));
  } else if (value.is_number()) {
    out.push_back(value.dump());
  }
}

std::vector<std::string> argument_values(const Json& answer) {
  std::vector<std::string> values;
  const Json* calls = tool_calls_of(answer);
  if (calls == nullptr) return values;
  for (const Json& call : *calls) {
    const Json* function = member(call, "function");
    const Json* arguments = function == nullptr ? nullptr : member(*function, "arguments");
    if (arguments == nullptr) continue;
    if (!arguments->is_string()) {
      collect_values(*arguments, values);
    } else if (const auto parsed = parse_json(arguments->get_ref<const std::string&>())) {
      collect_values(*parsed, values);
    }
  }
  std::erase(values, "");
  std::sort(values.begin(), values.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() > kMaxValues) values.resize(kMaxValues);
  return values;
}

void mask_value(const std::string& value, std::string& text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + 1)) {
    if (at < done) continue;
    const std::size_t end = at + value.size();
    if (at > 0 && is_word(text[at - 1]) && is_word(value.front())) continue;
    if (end < text.size() && is_word(text[end]) && is_word(value.back())) continue;
    out.append(text, done, at - done);
    out += kMask;
    done = end;
  }
  out.append(text, done);
  text = std::move(out);
}

/// Masks every token with a digit; a token is a run of letters and digits, and of `-_/:.@` inside it.
std::string mask_ids(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() &&
           (is_word(text[end]) || (joins_token(text[end]) && end + 1 < text.size() && is_word(text[end + 1])))) {
      ++end;
    }
    const std::string_view token = std::string_view(text).substr(i, end - i);
    std::any_of(token.begin(), token.end(), is_digit) ? out += kMask : out += token;
    i = end;
  }
  return out;
}

std::string collapse_masks(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == kMask && !out.empty() && out.back() == kMask) continue;
    if (c == kMask && out.size() > 1 && out.back() == ' ' && out[out.size() - 2] == kMask) {
      out.pop_back();
      continue;
    }
    out += c;
  }
  return out;
}

}  // namespace

std::string wording_of(std::string_view text, const Json& answer) {
  std::string words = plain(text);
  for (const std::string& value : argument_values(answer)) mask_value(value, words);
  return collapse_masks(mask_ids(words));
}

}  // namespace fw::dataset
