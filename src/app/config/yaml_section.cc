#include "app/config/yaml_section.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/edit_distance.h"

namespace fw::app {
namespace {

constexpr int kMaxLayers = 1024;

/// The whole text as a number, or nothing. Decimal only: YAML's octal and hexadecimal forms are more often mistakes.
template <class T>
std::optional<T> to_number(const std::string& text) {
  T value{};
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, failure] = std::from_chars(begin, text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
std::string to_text(T value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::optional<bool> to_bool(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

/// Appends "4" or "4-9" to `out`; false when it is neither.
bool append_range(const std::string& part, std::vector<int>& out) {
  const auto dash = part.find('-');
  const auto first = to_number<int>(part.substr(0, dash));
  const auto last = dash == std::string::npos ? first : to_number<int>(part.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first || *last >= kMaxLayers) return false;
  for (int i = *first; i <= *last; ++i) out.push_back(i);
  return true;
}

bool parse_layers(std::string text, std::vector<int>& out) {
  std::erase(text, ' ');
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    if (!append_range(part, out)) return false;
  }
  return !out.empty();
}

/// Of the mark that ends the first document, for the message.
int second_document_line(const std::string& text) {
  std::istringstream lines(text);
  bool has_content = false;
  int number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    const bool is_mark = line == "---" || line.starts_with("--- ") || line == "---\r";
    if (is_mark && has_content) return number;
    has_content = has_content || (!is_mark && !line.empty() && line[0] != '#' && line[0] != '%');
  }
  return 1;
}

/// The first line, from 1, that begins with blanks of which one is a tab, and goes on; 0 when there is none.
int line_indented_by_tab(const std::string& text) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const auto content = text.find_first_not_of(" \t", begin);
    const auto tab = text.find('\t', begin);
    const auto end = text.find('\n', begin);
    if (content != std::string::npos && tab < content && content < end) return line;
    if (end == std::string::npos) return 0;
    begin = end + 1;
  }
  return 0;
}

constexpr int kDeepestValue = 32;

/// A value as JSON by YAML's core schema: quoted scalars are texts, plain ones what they look like.
nlohmann::ordered_json json_of(const YAML::Node& node, int depth = 0) {
  if (depth > kDeepestValue) return nullptr;
  if (node.IsMap()) {
    auto out = nlohmann::ordered_json::object();
    for (const auto& entry : node)
      out[entry.first.IsScalar() ? entry.first.Scalar() : ""] = json_of(entry.second, depth + 1);
    return out;
  }
  if (node.IsSequence()) {
    auto out = nlohmann::ordered_json::array();
    for (const auto& entry : node) out.push_back(json_of(entry, depth + 1));
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (const auto truth = to_bool(text)) return *truth;
  if (const auto whole = to_number<std::int64_t>(text)) return *whole;
  if (const auto number = to_number<double>(text); number && std::isfinite(*number)) return *number;
  return text;
}

constexpr int kMostMerged = 20'000;  // nodes that are looked at: aliases may multiply them without end

/// Puts what `<<` names into the map that it stands in, as YAML's merge keys mean it: the map's own keys count, then
/// those of earlier maps. yaml-cpp leaves them where they are.
void merge_into(YAML::Node map) {
  std::vector<YAML::Node> from;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar() || entry.first.Scalar() != "<<" || entry.first.Tag() == "!") continue;
    if (entry.second.IsMap()) from.push_back(entry.second);
    if (!entry.second.IsSequence()) continue;
    for (const auto& source : entry.second) from.emplace_back(source);
  }
  if (from.empty() || !std::ranges::all_of(from, [](const YAML::Node& node) { return node.IsMap(); })) return;
  map.remove("<<");
  std::set<std::string> known;
  for (const auto& entry : map) known.insert(entry.first.IsScalar() ? entry.first.Scalar() : "");
  for (const YAML::Node& source : from) {
    for (const auto& entry : source) {
      if (entry.first.IsScalar() && known.insert(entry.first.Scalar()).second)
        map.force_insert(entry.first, entry.second);
    }
  }
}

/// The same in the whole tree, what is merged first.
void merge_all(YAML::Node node, int& left, int depth = 0) {
  if (--left < 0 || depth > kDeepestValue) return;
  for (const auto& entry : node) merge_all(node.IsMap() ? entry.second : YAML::Node(entry), left, depth + 1);
  if (node.IsMap()) merge_into(node);
}

std::string shown(bool value) { return value ? "true" : "false"; }
template <class T>
  requires std::is_arithmetic_v<T>
std::string shown(T value) {
  return to_text(value);
}
template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "";
}
std::string shown(const std::vector<int>& layers) {
  std::string out;
  for (const int layer : layers) out += (out.empty() ? "" : ", ") + std::to_string(layer);
  return out;
}

/// An address without what may be secret in it: user, password and query everywhere; of a webhook also the path, which
/// often is the key.
std::string shown_url(std::string_view path, const std::string& url) {
  const auto scheme = url.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto host_end = std::min(url.find_first_of("/?#", host), url.size());
  const auto at = url.rfind('@', host_end);
  const std::string origin =
      url.substr(0, host) + url.substr(at != std::string::npos && at >= host ? at + 1 : host,
                                       host_end - (at != std::string::npos && at >= host ? at + 1 : host));
  const std::string rest = url.substr(host_end, url.find_first_of("?#", host_end) - host_end);
  if (path.starts_with("webhooks") || path.starts_with("promotion.webhooks"))
    return origin + (rest.size() > 1 ? "/\u2026" : "");
  return origin + rest;
}

/// Names without their values, which may be keys.
std::string shown_names(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "" : out + " (values are not shown)";
}

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::string Problems::place(int line, std::string_view key) const {
  std::string out = file_;
  if (line > 0) out += ':' + std::to_string(line);
  out += ": ";
  if (!key.empty()) out += std::string(key) + ": ";
  return out;
}

void Problems::error(int line, std::string_view key, std::string_view what) {
  errors_.push_back({line, place(line, key) + std::string(what)});
}
void Problems::warning(int line, std::string_view key, std::string_view what) {
  warnings_.push_back({line, place(line, key) + std::string(what)});
}

std::vector<std::string> Problems::in_line_order(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.line < b.line; });
  std::vector<std::string> out;
  for (auto& entry : entries) out.push_back(std::move(entry.text));
  return out;
}

Error Problems::to_error() const {
  std::string message;
  for (const auto& text : in_line_order(errors_)) message += (message.empty() ? "" : "\n") + text;
  return invalid_argument(message);
}
std::vector<std::string> Problems::warnings() const { return in_line_order(warnings_); }

struct YamlSection::Impl {
  YAML::Node node;
  std::string path;
  Problems* problems;
  std::vector<std::string> known;
  std::string free_prefix = {};

  [[nodiscard]] YAML::Node at(std::string_view key) const {
    // Never node[key]: that of a non-const node would create the key.
    for (const auto& entry : node) {
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
    }
    return YAML::Node(YAML::NodeType::Undefined);
  }
  [[nodiscard]] static int line(const YAML::Node& n) { return n.Mark().line + 1; }
  [[nodiscard]] std::string full(std::string_view key) const {
    return path.empty() ? std::string(key) : path + '.' + std::string(key);
  }
};

YamlSection::YamlSection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
YamlSection::YamlSection(YamlSection&&) noexcept = default;
YamlSection& YamlSection::operator=(YamlSection&&) noexcept = default;
YamlSection::~YamlSection() = default;

Result<YamlSection> YamlSection::parse(const std::string& text, Problems& problems, const std::string& file) {
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      return invalid_argument(file + ':' + std::to_string(second_document_line(text)) +
                              ": a second YAML document begins here; a configuration is one, so join them");
    }
    YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (root.IsNull()) root = YAML::Node(YAML::NodeType::Map);
    if (!root.IsMap()) return invalid_argument(file + ": the configuration is no mapping of keys to values");
    int left = kMostMerged;
    merge_all(root, left);
    return YamlSection(std::make_unique<Impl>(Impl{root, "", &problems, {}}));
  } catch (const YAML::Exception& e) {
    const int tab = line_indented_by_tab(text);
    const bool is_tab = tab != 0 && tab >= e.mark.line && tab <= e.mark.line + 1;  // noticed there, or a line later
    return invalid_argument(file + ':' + std::to_string(is_tab ? tab : e.mark.line + 1) + ": not valid YAML: " +
                            (is_tab ? "a tab in the indentation, which YAML does not have; use spaces" : e.msg));
  }
}

bool YamlSection::has(std::string_view key) const {
  const YAML::Node node = impl_->at(key);
  return node.IsDefined() && !node.IsNull();
}
int YamlSection::line_of(std::string_view key) const {
  const YAML::Node node = impl_->at(key);
  return Impl::line(node.IsDefined() ? node : impl_->node);
}
const std::string& YamlSection::path() const { return impl_->path; }

std::vector<std::string> YamlSection::keys() const {
  std::vector<std::string> out;
  for (const auto& entry : impl_->node) {
    if (entry.first.IsScalar()) out.push_back(entry.first.Scalar());
  }
  return out;
}

void YamlSection::note(const char* key, std::string value) {
  const YAML::Node node = impl_->at(key);
  const std::string path = impl_->full(key);
  const std::string_view name = key;
  if (name == "url" || name.ends_with("_url")) value = shown_url(path, value);
  impl_->problems->note({path, std::move(value), node.IsDefined() ? Impl::line(node) : 0});
}

template <class T, class Convert>
void YamlSection::read_scalar(const char* key, T& out, const char* expected, Convert convert) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined()) return;
  const bool scalar = node.IsScalar() || node.IsNull();
  if (!scalar || !convert(node, out)) {
    const std::string shown = node.IsScalar() ? " instead of \"" + node.Scalar() + '"' : "";
    impl_->problems->error(Impl::line(node), impl_->full(key), std::string("expected ") + expected + shown);
  }
}

template <class T, class Number>
void YamlSection::read_number(const char* key, T& out, Number least, Number most, const char* expected) {
  constexpr bool kOptional = !std::is_arithmetic_v<T>;
  read_scalar(key, out, expected, [&](const YAML::Node& node, T& value) {
    if (node.IsNull()) {
      if constexpr (kOptional) value.reset();
      return kOptional;
    }
    // A quoted number is a string by YAML's rules ("!" is the tag of quoted scalars).
    if (node.Tag() == "!") return false;
    const auto number = to_number<Number>(node.Scalar());
    if constexpr (std::is_unsigned_v<Number>) {
      if (const auto below = to_number<std::int64_t>(node.Scalar()); !number && below && *below < 0) {
        impl_->problems->error(Impl::line(node), impl_->full(key),
                               node.Scalar() + " is out of range; it must be at least " + to_text(least));
        return true;
      }
    }
    if (!number || !(*number == *number)) return false;
    if (*number < least || *number > most) {
      const std::string limits = *number < least ? "at least " + to_text(least) : "at most " + to_text(most);
      impl_->problems->error(Impl::line(node), impl_->full(key),
                             node.Scalar() + " is out of range; it must be " + limits);
      return true;
    }
    value = *number;
    return true;
  });
  note(key, shown(out));
}

void YamlSection::read(const char* key, std::string& out) {
  read_scalar(key, out, "text", [](const YAML::Node& node, std::string& value) {
    if (node.IsNull()) return false;
    value = node.Scalar();
    return true;
  });
  note(key, out);
}
void YamlSection::read_or_null(const char* key, std::string& out) {
  read_scalar(key, out, "text or null", [](const YAML::Node& node, std::string& value) {
    value = node.IsNull() ? "" : node.Scalar();
    return true;
  });
  note(key, out);
}
void YamlSection::read(const char* key, bool& out) {
  read_scalar(key, out, "true or false", [](const YAML::Node& node, bool& value) {
    const auto parsed = node.IsNull() ? std::nullopt : to_bool(node.Scalar());
    if (parsed) value = *parsed;
    return parsed.has_value();
  });
  note(key, shown(out));
}
void YamlSection::read(const char* key, double& out, double least, double most) {
  read_number<double, double>(key, out, least, most, "a number");
}
void YamlSection::read_seconds(const char* key, Duration& out, double least, double most) {
  double seconds = to_seconds(out);
  read(key, seconds, least, most);
  out = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}
void YamlSection::read(const char* key, int& out, int least, int most) {
  read_number<int, int>(key, out, least, most, "a whole number");
}
void YamlSection::read(const char* key, std::int64_t& out, std::int64_t least, std::int64_t most) {
  read_number<std::int64_t, std::int64_t>(key, out, least, most, "a whole number");
}
void YamlSection::read(const char* key, std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
  read_number<std::uint64_t, std::uint64_t>(key, out, least, most, "a whole number");
}
void YamlSection::read(const char* key, std::optional<std::uint64_t>& out, std::uint64_t least, std::uint64_t most) {
  read_number<std::optional<std::uint64_t>, std::uint64_t>(key, out, least, most, "a whole number or null");
}
void YamlSection::read(const char* key, std::optional<int>& out, int least, int most) {
  read_number<std::optional<int>, int>(key, out, least, most, "a whole number or null");
}
void YamlSection::read(const char* key, std::optional<double>& out, double least, double most) {
  read_number<std::optional<double>, double>(key, out, least, most, "a number or null");
}

void YamlSection::read_choice(const char* key, std::size_t& index, const std::vector<std::string>& names) {
  const std::string expected = "one of " + join_names(names);
  read_scalar(key, index, expected.c_str(), [&](const YAML::Node& node, std::size_t& value) {
    const auto found = std::find(names.begin(), names.end(), node.IsNull() ? "" : node.Scalar());
    if (found != names.end()) value = static_cast<std::size_t>(found - names.begin());
    return found != names.end();
  });
  note(key, index < names.size() ? names[index] : "");
}

void YamlSection::read_layers(const char* key, std::vector<int>& out) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return note(key, shown(out));
  std::vector<int> layers;
  bool good = node.IsScalar() && parse_layers(node.Scalar(), layers);
  if (node.IsSequence()) {
    good = node.size() > 0 && node.size() <= kMaxLayers;
    for (std::size_t i = 0; good && i < node.size(); ++i)
      good = node[i].IsScalar() && append_range(node[i].Scalar(), layers);
  }
  good = good && std::is_sorted(layers.begin(), layers.end()) &&
         std::adjacent_find(layers.begin(), layers.end()) == layers.end();
  if (!good) {
    impl_->problems->error(Impl::line(node), impl_->full(key),
                           "expected layer indices in rising order, each once, as in [0, 1, 2] or \"0-8, 19-29\"");
    return;
  }
  out = std::move(layers);
  note(key, shown(out));
}

void YamlSection::read_texts(const char* key, std::vector<std::pair<std::string, std::string>>& out) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return;
  bool good = node.IsMap();
  if (good) {
    for (const auto& entry : node) {
      good = good && entry.first.IsScalar() && entry.second.IsScalar();
      if (good) out.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    }
  }
  if (!good) impl_->problems->error(Impl::line(node), impl_->full(key), "expected names with texts");
  note(key, shown_names(out));
}

void YamlSection::read_json_values(const char* key, std::vector<std::pair<std::string, std::string>>& out) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) {
    impl_->problems->error(Impl::line(node), impl_->full(key), "expected names with values");
    return;
  }
  using Json = nlohmann::ordered_json;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    out.emplace_back(name, json_of(entry.second).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  note(key, shown_names(out));
}

void YamlSection::read_list(const char* key, std::vector<std::string>& out) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return;
  if (node.IsScalar()) {
    out.push_back(node.Scalar());
    return note(key, join_names(out));
  }
  bool good = node.IsSequence();
  for (std::size_t i = 0; good && i < node.size(); ++i) {
    good = node[i].IsScalar();
    if (good) out.push_back(node[i].Scalar());
  }
  if (!good) impl_->problems->error(Impl::line(node), impl_->full(key), "expected a list of names, as in [seed, stop]");
  note(key, join_names(out));
}

const char* YamlSection::either(const char* current, const char* older) {
  impl_->known.emplace_back(current);
  impl_->known.emplace_back(older);
  if (!has(older)) return current;
  if (has(current)) error(older, std::string("is the older name of ") + current + ", which is set too; keep one");
  return older;
}

std::optional<YamlSection> YamlSection::section(const char* key) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return std::nullopt;
  if (!node.IsMap()) {
    impl_->problems->error(Impl::line(node), impl_->full(key), "expected keys with values");
    return std::nullopt;
  }
  return YamlSection(std::make_unique<Impl>(Impl{node, impl_->full(key), impl_->problems, {}}));
}

std::vector<YamlSection> YamlSection::list(const char* key) {
  impl_->known.emplace_back(key);
  std::vector<YamlSection> out;
  const YAML::Node node = impl_->at(key);
  if (!node.IsDefined() || node.IsNull()) return out;
  if (!node.IsSequence()) {
    impl_->problems->error(Impl::line(node), impl_->full(key), "expected a list");
    return out;
  }
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string path = impl_->full(key) + '[' + std::to_string(i) + ']';
    if (node[i].IsMap()) {
      out.push_back(YamlSection(std::make_unique<Impl>(Impl{node[i], path, impl_->problems, {}})));
    } else {
      impl_->problems->error(Impl::line(node[i]), path, "expected keys with values");
    }
  }
  return out;
}

void YamlSection::inapplicable(const char* key, std::string_view why) {
  impl_->known.emplace_back(key);
  const YAML::Node node = impl_->at(key);
  if (node.IsDefined()) warning(key, "has no effect: " + std::string(why));
}

void YamlSection::leave_names_with(std::string_view prefix) { impl_->free_prefix = prefix; }

void YamlSection::error(std::string_view key, std::string_view what) {
  impl_->problems->error(line_of(key), impl_->full(key), what);
}
void YamlSection::warning(std::string_view key, std::string_view what) {
  impl_->problems->warning(line_of(key), impl_->full(key), what);
}

void YamlSection::finish() {
  std::set<std::string> seen;
  for (const auto& entry : impl_->node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "(not a name)";
    const int line = Impl::line(entry.first);
    if (!seen.insert(key).second) {
      impl_->problems->error(line, impl_->full(key), "stands here a second time");
    } else if (!impl_->free_prefix.empty() && key.starts_with(impl_->free_prefix)) {
      continue;
    } else if (std::find(impl_->known.begin(), impl_->known.end(), key) == impl_->known.end()) {
      auto nearest = nearest_name(key, impl_->known);
      // `api_key` for `api_key_env`.
      const auto longer = std::ranges::find_if(impl_->known, [&](const auto& k) { return k.starts_with(key + '_'); });
      if (!nearest && longer != impl_->known.end()) nearest = *longer;
      const std::string hint =
          nearest ? "; did you mean \"" + *nearest + "\"?" : "; known here: " + join_names(impl_->known);
      impl_->problems->error(line, impl_->full(key), "unknown key" + hint);
    }
  }
}

}  // namespace fw::app
