#include "capture/bulk/impl/json_body.h"

#include <algorithm>
#include <vector>

#include "capture/bulk/impl/indices.h"
#include "codec/json_slicer.h"

namespace fw::capture::elastic {
namespace {

using Path = std::vector<std::string>;

constexpr std::size_t kMostPaths = 64;
constexpr std::size_t kMostSteps = 32;

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (true) {
    const auto end = text.find(at);
    if (const auto part = text.substr(0, end); !part.empty()) out.emplace_back(part);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// Paths, and how far into them a place within an answer is.
struct Filter {
  std::vector<Path> paths;

  /// The states (path, step) that are left after going into the member `name`.
  using State = std::pair<std::size_t, std::size_t>;

  void enter(const std::vector<State>& from, std::string_view name, std::vector<State>& into, bool& is_whole) const {
    for (const auto& [path, step] : from) {
      const std::string& pattern = paths[path][step];
      const bool is_last = step + 1 == paths[path].size();
      if (pattern == "**") {
        add(into, {path, step});
        if (is_last) is_whole = true;
        if (!is_last) take(path, step + 1, name, into, is_whole);
      } else {
        take(path, step, name, into, is_whole);
      }
    }
  }

 private:
  static void add(std::vector<State>& states, State state) {
    if (std::ranges::find(states, state) == states.end()) states.push_back(state);
  }
  void take(std::size_t path, std::size_t step, std::string_view name, std::vector<State>& into, bool& is_whole) const {
    if (!matches_pattern(paths[path][step], name)) return;
    if (step + 1 == paths[path].size()) {
      is_whole = true;
    } else {
      add(into, {path, step + 1});
    }
  }
};

/// What the filter keeps of a value; discarded when that is nothing.
Json kept(const Filter& filter, const std::vector<Filter::State>& states, const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& element : value) {
      if (Json part = kept(filter, states, element); !part.is_discarded()) out.push_back(std::move(part));
    }
    return out.empty() ? Json(Json::value_t::discarded) : out;
  }
  if (!value.is_object()) return Json(Json::value_t::discarded);
  Json out = Json::object();
  for (const auto& [name, member] : value.items()) {
    std::vector<Filter::State> inner;
    bool is_whole = false;
    filter.enter(states, name, inner, is_whole);
    if (is_whole) {
      out[name] = member;
    } else if (!inner.empty()) {
      if (Json part = kept(filter, inner, member); !part.is_discarded()) out[name] = std::move(part);
    }
  }
  return out.empty() ? Json(Json::value_t::discarded) : out;
}

void take_away(const Filter& filter, const std::vector<Filter::State>& states, Json& value) {
  if (value.is_array()) {
    for (Json& element : value) take_away(filter, states, element);
  }
  if (!value.is_object()) return;
  for (auto at = value.begin(); at != value.end();) {
    std::vector<Filter::State> inner;
    bool is_whole = false;
    filter.enter(states, at.key(), inner, is_whole);
    if (is_whole) {
      at = value.erase(at);
      continue;
    }
    if (!inner.empty()) take_away(filter, inner, at.value());
    ++at;
  }
}

std::vector<Filter::State> beginnings(const Filter& filter) {
  std::vector<Filter::State> states;
  for (std::size_t path = 0; path < filter.paths.size(); ++path) states.emplace_back(path, 0);
  return states;
}

}  // namespace

Result<Json> parse_object(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json(Json::object());
  codec::JsonSlicer slicer;
  const auto members = slicer.members(text);  // bounds the nesting, too
  if (!members.ok()) return members.error();
  return Json::parse(text, nullptr, false);
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json filtered(const Json& answer, std::string_view filter_path) {
  Filter keep;
  Filter drop;
  for (const std::string& text : split(filter_path, ',')) {
    const bool is_drop = text.starts_with('-');
    Path path = split(std::string_view(text).substr(is_drop ? 1 : 0), '.');
    auto& paths = is_drop ? drop.paths : keep.paths;
    if (!path.empty() && path.size() <= kMostSteps && paths.size() < kMostPaths) paths.push_back(std::move(path));
  }
  Json out = answer;
  if (!keep.paths.empty()) out = kept(keep, beginnings(keep), answer);
  if (out.is_discarded()) return Json::object();
  if (!drop.paths.empty()) take_away(drop, beginnings(drop), out);
  return out;
}

}  // namespace fw::capture::elastic
