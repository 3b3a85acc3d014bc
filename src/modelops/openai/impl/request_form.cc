#include "modelops/openai/impl/request_form.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace fw::modelops {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

auto find(Members& members, std::string_view name) {
  return std::ranges::find(members, name, &Members::value_type::first);
}

void leave_out(Members& members, std::string_view name) {
  std::erase_if(members, [&](const auto& member) { return member.first == name; });
}

void set(Members& members, const std::string& name, const std::string& value) {
  if (const auto it = find(members, name); it != members.end()) {
    it->second = value;
  } else {
    members.emplace_back(name, value);
  }
}

/// Where both names are there, the new one's value stays.
void rename(Members& members, const std::string& from, const std::string& to) {
  const auto it = find(members, from);
  if (it == members.end()) return;
  if (find(members, to) == members.end()) {
    it->first = to;
  } else {
    leave_out(members, from);
  }
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void lower(Members& members, const std::string& name, const std::string& most) {
  const auto it = find(members, name);
  if (it == members.end()) return;
  const auto now = number(it->second);
  if (now && *now > number(most).value_or(*now)) it->second = most;
}

void change(Members& members, const RequestChange& change) {
  const auto it = find(members, change.parameter);
  const bool fits =
      it != members.end() && (change.variant.empty() || variant_of(change.parameter, it->second) == change.variant);
  switch (change.kind) {
    case RequestChange::Kind::kSet:
      if (fits || change.variant.empty()) set(members, change.parameter, change.value);
      // Without being asked, a stream tells no tokens.
      if (change.parameter == "stream" && find(members, "stream_options") == members.end())
        set(members, "stream_options", R"({"include_usage":true})");
      return;
    case RequestChange::Kind::kRename: return rename(members, change.parameter, change.value);
    case RequestChange::Kind::kLower: return lower(members, change.parameter, change.value);
    case RequestChange::Kind::kLeaveOut: break;
  }
  if (!fits) return;
  leave_out(members, change.parameter);
  if (change.parameter != "tools") return;
  for (const char* name : {"tool_choice", "parallel_tool_calls"}) leave_out(members, name);
}

std::string text_of(const Members& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    out += (out.size() > 1 ? "," : "") + nlohmann::json(name).dump() + ":" + value;
  }
  return out + "}";
}

}  // namespace

std::string variant_of(std::string_view parameter, std::string_view value) {
  if (parameter == "tool_choice") {
    const bool is_word = value.size() >= 2 && value.front() == '"';
    return is_word ? std::string(value.substr(1, value.size() - 2)) : "object";
  }
  if (parameter != "response_format") return "";
  const auto json = nlohmann::json::parse(value, nullptr, false);
  const auto type = json.is_object() ? json.find("type") : json.end();
  return json.is_object() && type != json.end() && type->is_string() ? type->get<std::string>() : "object";
}

std::string RequestForm::apply(std::string body, const std::vector<RequestChange>& tentative, SentParameters& sent) {
  sent.clear();
  const auto cut = slicer_.members(body);
  if (!cut.ok()) return body;
  Members members;
  for (const auto& member : *cut) members.emplace_back(member.key, std::string(member.raw));
  for (const auto& [from, to] : overrides_.rename) rename(members, from, to);
  for (const auto& name : overrides_.remove) leave_out(members, name);
  for (const auto& [name, value] : overrides_.set) set(members, name, value);
  for (const auto& one : learnt_) change(members, one);
  for (const auto& one : tentative) change(members, one);
  for (const auto& [name, value] : members) sent.emplace(name, value);
  return text_of(members);
}

bool RequestForm::may_try(const RequestChange& change, const std::vector<RequestChange>& tentative,
                          const SentParameters& sent) const {
  const auto is_set = [&](const auto& entry) { return entry.first == change.parameter; };
  if (std::ranges::any_of(overrides_.set, is_set)) return false;
  if (std::ranges::find(learnt_, change) != learnt_.end()) return false;
  if (std::ranges::find(tentative, change) != tentative.end()) return false;
  if (change.kind == RequestChange::Kind::kLower) return true;
  const auto it = sent.find(change.parameter);
  const std::string variant = it == sent.end() ? "" : variant_of(change.parameter, it->second);
  return !taken_.contains({change.parameter, variant});
}

void RequestForm::accept(const std::vector<RequestChange>& tentative, const SentParameters& sent) {
  for (const auto& change : tentative) {
    if (std::ranges::find(learnt_, change) == learnt_.end()) learnt_.push_back(change);
  }
  for (const auto& [name, value] : sent) taken_.emplace(name, variant_of(name, value));
}

std::string sentence_of(const RequestChange& change) {
  const std::string quoted = '"' + change.parameter + '"';
  using Kind = RequestChange::Kind;
  if (change.kind == Kind::kRename) return "refuses " + quoted + "; \"" + change.value + "\" was sent instead";
  if (change.kind == Kind::kLower)
    return "allows at most " + change.value + " " + change.parameter + "; more was lowered to that";
  if (change.parameter == "stream" || change.parameter == "stream_options") {
    return change.kind == Kind::kSet ? "answers only as an event stream, which was asked for and put together"
                                     : "refuses " + quoted + ", which was not sent";
  }
  if (change.kind == Kind::kSet)
    return "refuses " + quoted + " \"" + change.variant + "\"; " + change.value + " was sent instead";
  std::string out =
      "refuses " + quoted + (change.variant.empty() ? "" : " \"" + change.variant + '"') + ", which was not sent";
  if (change.parameter == "tools") return out + ": the model saw no tools and could call none";
  if (change.parameter == "temperature")
    return out + ": its answers are drawn at the endpoint's own temperature and differ from time to time";
  if (change.parameter == "seed") return out + ": its answers may differ from time to time";
  if (change.parameter == "response_format") return out + ": nothing held its answers to that form";
  if (change.parameter.starts_with("max_")) return out + ": the endpoint's own limit of an answer's length held";
  return out;
}

}  // namespace fw::modelops
