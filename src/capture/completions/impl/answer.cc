#include "capture/completions/impl/answer.h"

#include <algorithm>

#include "capture/completions/impl/escaped.h"

namespace fw::capture {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostChoices = 1024;
constexpr std::size_t kMostCalls = 4096;
constexpr std::size_t kMostFields = 64;
constexpr std::size_t kMostNotes = 16;
constexpr std::size_t kFieldBytes = 64;  // what a field costs beside its bytes

/// The members of the response in this order; others follow.
constexpr std::array<std::string_view, 4> kFirst{"id", "object", "created", "model"};

/// What a response that was written in another dialect says about itself.
std::string provenance_of(const std::string& dialect, const std::vector<std::string>& unmapped) {
  Json out{{"dialect", dialect}};
  if (!unmapped.empty()) out["not_mapped"] = unmapped;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_string(std::string& out, std::string_view inside) {
  out += '"';
  out += with_whole_surrogates(std::string(inside));
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view raw) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
  out += raw;
}

/// Grows `into` by a later piece of the same field. Names that say what a thing is are repeated, not continued.
void merge(Json& into, Json piece, std::string_view name) {
  constexpr std::array<std::string_view, 6> kRepeated{"type", "id", "role", "name", "format", "index"};
  const bool is_repeated = std::ranges::find(kRepeated, name) != kRepeated.end();
  if (into.is_string() && piece.is_string() && !is_repeated) {
    into.get_ref<std::string&>() += piece.get_ref<const std::string&>();
  } else if (into.is_array() && piece.is_array()) {
    for (Json& element : piece) {
      const auto same = std::ranges::find_if(into, [&](const Json& other) {
        return element.is_object() && other.is_object() && element.contains("index") && other.contains("index") &&
               element["index"] == other["index"];
      });
      if (same != into.end())
        merge(*same, std::move(element), "");
      else
        into.push_back(std::move(element));
    }
  } else if (into.is_object() && piece.is_object()) {
    for (auto& [key, value] : piece.items()) merge(into[key], std::move(value), key);
  } else if (!piece.is_null()) {
    into = std::move(piece);
  }
}

}  // namespace

bool Answer::take(std::size_t bytes) {
  if (bytes > room_) return false;
  room_ -= bytes;
  return true;
}

void Answer::note(std::string_view what) {
  if (notes_.size() == kMostNotes || std::ranges::find(notes_, what) != notes_.end()) return;
  notes_.emplace_back(what);
}

void Answer::note_unmapped(std::string_view what) {
  if (unmapped_.size() == kMostNotes || std::ranges::find(unmapped_, what) != unmapped_.end()) return;
  unmapped_.emplace_back(what.substr(0, 200));
}

void Answer::begin_again() {
  choices_.clear();
  is_cut_ = false;
  room_ = limit_;
  for (const auto& [name, raw] : head_) room_ -= std::min(room_, name.size() + raw.size() + kFieldBytes);
}

const std::string* Answer::get(std::string_view name) const {
  const auto found = std::ranges::find(head_, name, &Fields::value_type::first);
  return found == head_.end() ? nullptr : &found->second;
}

void Answer::set(Fields& fields, std::string_view name, std::string_view raw) {
  const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
  if (found != fields.end()) {
    room_ += found->second.size();
    if (take(raw.size()))
      found->second = raw;
    else
      room_ -= found->second.size();
  } else if (fields.size() < kMostFields && take(name.size() + raw.size() + kFieldBytes)) {
    fields.emplace_back(name, raw);
  } else {
    note("fields were left out for want of room");
  }
}

void Answer::set_first(std::string_view name, std::string_view raw) {
  if (get(name) == nullptr) set(head_, name, raw);
}

void Answer::set_last(std::string_view name, std::string_view raw) { set(head_, name, raw); }

void Answer::set_error(std::string_view raw) {
  if (error_.empty() && raw.size() <= (std::size_t{1} << 20)) error_ = raw;
  if (error_.empty()) error_ = R"({"message":"an error that was too large to keep"})";
}

Answer::Choice* Answer::choice(std::int64_t index) {
  const auto found = std::ranges::find(choices_, index, &Choice::index);
  if (found != choices_.end()) return &*found;
  if (choices_.size() == kMostChoices || !take(sizeof(Choice))) {
    note("choices were left out for want of room");
    return nullptr;
  }
  return &choices_.emplace_back(Choice{.index = index});
}

void Answer::add_text(std::int64_t index, Text kind, std::string_view inside) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  auto& text = to->texts[static_cast<std::size_t>(kind)];
  if (!text) text.emplace();
  is_cut_ = !take(inside.size());
  if (!is_cut_) *text += inside;
}

bool Answer::has_whole_arguments(Call& call) {
  using State = codec::JsonScanner::State;
  if (call.state == State::kMore && call.scanned < call.arguments.size()) {
    call.state = call.scanner.feed(unescaped(std::string_view(call.arguments).substr(call.scanned)));
    call.scanned = call.arguments.size();
  }
  return call.state == State::kComplete;
}

/// Whether a piece that goes by its place to this call begins another nevertheless: some servers send every call under
/// one index, or without ids, or with neither. Only what has a name can be another call: there are servers that give
/// every piece of a call a new id.
bool Answer::begins_another(Call& call, const CallPiece& piece) {
  if (piece.name.empty()) return false;
  if (!piece.id.empty() && !call.id.empty()) return true;  // the same id has been found before
  if (call.name.empty()) return false;
  if (!piece.index && piece.id.empty() && piece.name != call.name) return true;
  return !piece.arguments.empty() && has_whole_arguments(call);
}

Answer::Call* Answer::call_of(Choice& to, const CallPiece& piece) {
  const auto at_place = [&](const Call& call) { return !piece.index || call.index == *piece.index; };
  const auto is_named = [&](const Call& call) { return call.id == piece.id && at_place(call); };
  if (!piece.id.empty()) {
    const auto named = std::find_if(to.calls.rbegin(), to.calls.rend(), is_named);
    if (named != to.calls.rend()) return &*named;
  }
  const auto last = std::find_if(to.calls.rbegin(), to.calls.rend(), at_place);
  if (last != to.calls.rend() && !begins_another(*last, piece)) return &*last;
  if (to.calls.size() == kMostCalls || !take(sizeof(Call))) {
    is_cut_ = true;
    return nullptr;
  }
  const auto next = static_cast<std::int64_t>(to.calls.size());
  return &to.calls.emplace_back(Call{.index = piece.index.value_or(next), .is_custom = piece.is_custom});
}

void Answer::grow(Call& call, const CallPiece& piece) {
  if (!take(piece.id.size() + piece.name.size() + piece.arguments.size())) {
    is_cut_ = true;
    return;
  }
  if (call.id.empty()) call.id = piece.id;
  if (piece.name != call.name) call.name += piece.name;  // some servers repeat the name in every piece
  // Some begin with an empty object where others say nothing yet.
  if (call.arguments == "{}" && piece.arguments.starts_with('{')) {
    call.arguments.clear();
    call.scanner.reset();
    call.scanned = 0;
    call.state = codec::JsonScanner::State::kMore;
  }
  call.arguments += piece.arguments;
  call.is_custom |= piece.is_custom;
}

void Answer::add_call(std::int64_t index, const CallPiece& piece) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  if (Call* call = call_of(*to, piece)) grow(*call, piece);
}

void Answer::add_legacy_call(std::int64_t index, std::string_view name, std::string_view arguments) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  if (!to->legacy_call) to->legacy_call = Call{};
  grow(*to->legacy_call, {.name = name, .arguments = arguments});
}

void Answer::complete_arguments(std::int64_t index, std::int64_t number, std::string_view arguments) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  const auto call = std::ranges::find(to->calls, number, &Call::index);
  if (call == to->calls.end()) return add_call(index, {.index = number, .arguments = arguments});
  if (call->arguments.size() >= arguments.size()) return;
  is_cut_ = !take(arguments.size() - call->arguments.size());
  if (!is_cut_) call->arguments = arguments;
}

void Answer::set_of_call(std::int64_t index, const CallPiece& piece, std::string_view name, std::string_view raw) {
  Choice* const to = choice(index);
  if (to == nullptr) return;
  const auto at_place = [&](const Call& call) { return !piece.index || call.index == *piece.index; };
  const auto last = std::find_if(to->calls.rbegin(), to->calls.rend(), at_place);
  if (last != to->calls.rend()) set(last->rest, name, raw);
}

void Answer::add_logprobs(std::int64_t index, bool of_refusal, std::string_view elements) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  auto& all = to->logprobs[of_refusal ? 1 : 0];
  if (!all) all.emplace();
  if (elements.empty()) return;
  if (!take(elements.size() + 1)) return note("log-probabilities were left out for want of room");
  if (!all->empty()) *all += ',';
  *all += elements;
}

void Answer::set_finish_reason(std::int64_t index, std::string_view raw) {
  Choice* const to = choice(index);
  if (to != nullptr && raw.size() <= 256) to->finish_reason = raw;
}

void Answer::set_of_choice(std::int64_t index, std::string_view name, std::string_view raw) {
  if (Choice* const to = choice(index)) set(to->rest, name, raw);
}

void Answer::merge_into_message(std::int64_t index, std::string_view name, std::string_view raw) {
  Choice* const to = choice(index);
  if (to == nullptr || is_cut_) return;
  // The tree of small values is several times their text.
  if (!take(name.size() + raw.size() * 4 + kFieldBytes)) return note("fields were left out for want of room");
  Json piece = Json::parse(raw, nullptr, false);
  if (!piece.is_discarded()) merge(to->message_rest[std::string(name)], std::move(piece), name);
}

bool Answer::has_calls() const {
  return std::ranges::any_of(choices_, [](const Choice& c) { return !c.calls.empty(); });
}

bool Answer::is_any_choice_finished() const {
  return std::ranges::any_of(choices_, [](const Choice& c) { return !c.finish_reason.empty(); });
}

bool Answer::is_every_choice_finished() const {
  return std::ranges::all_of(choices_, [](const Choice& c) { return !c.finish_reason.empty(); });
}

bool Answer::has_broken_arguments() const {
  const auto is_broken = [](const Call& call) {
    return !call.is_custom && !call.arguments.empty() && !nlohmann::json::accept(unescaped(call.arguments));
  };
  return std::ranges::any_of(choices_, [&](const Choice& c) {
    return std::ranges::any_of(c.calls, is_broken) || (c.legacy_call && is_broken(*c.legacy_call));
  });
}

void Answer::append_call(std::string& out, const Call& call) {
  out += R"({"id":)";
  append_string(out, call.id.empty() ? "call_" + std::to_string(call.index) : call.id);
  out += call.is_custom ? R"(,"type":"custom","custom":{"name":)" : R"(,"type":"function","function":{"name":)";
  append_string(out, call.name);
  out += call.is_custom ? R"(,"input":)" : R"(,"arguments":)";
  append_string(out, call.arguments);
  out += '}';
  for (const auto& [name, raw] : call.rest) append_member(out, name, raw);
  out += '}';
}

void Answer::append_message(std::string& out, const Choice& from) {
  constexpr std::array<std::string_view, 4> kNames{"content", "refusal", "reasoning_content", "reasoning"};
  out += R"({"role":"assistant")";
  for (std::size_t kind = 0; kind < kNames.size(); ++kind) {
    const auto& text = from.texts[kind];
    // A stream says "" before its first call, or beside a refusal, where a whole answer says null.
    const bool is_said = text && (!text->empty() || (kind == 0 && from.calls.empty() && !from.legacy_call));
    if (!is_said && kind != 0) continue;
    out += ",\"" + std::string(kNames[kind]) + "\":";
    if (is_said)
      append_string(out, *text);
    else
      out += "null";
  }
  if (from.legacy_call) {
    out += R"(,"function_call":{"name":)";
    append_string(out, from.legacy_call->name);
    out += R"(,"arguments":)";
    append_string(out, from.legacy_call->arguments);
    out += '}';
  }
  std::vector<const Call*> calls;
  for (const Call& call : from.calls) calls.push_back(&call);
  std::ranges::stable_sort(calls, {}, &Call::index);
  for (const Call* call : calls) {
    out += call == calls.front() ? R"(,"tool_calls":[)" : ",";
    append_call(out, *call);
  }
  if (!calls.empty()) out += ']';
  for (const auto& [name, value] : from.message_rest.items()) {
    append_member(out, escaped(name), value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  out += '}';
}

void Answer::append_choice(std::string& out, const Choice& from) {
  out += R"({"index":)" + std::to_string(from.index) + R"(,"message":)";
  append_message(out, from);
  if (from.logprobs[0] || from.logprobs[1]) {
    const auto list = [](const auto& elements) { return elements ? "[" + *elements + "]" : std::string("null"); };
    out += R"(,"logprobs":{"content":)" + list(from.logprobs[0]) + R"(,"refusal":)" + list(from.logprobs[1]) + "}";
  }
  for (const auto& [name, raw] : from.rest) append_member(out, name, raw);
  out += R"(,"finish_reason":)";
  out += from.finish_reason.empty() ? "null" : from.finish_reason;
  out += '}';
}

std::string Answer::json() const {
  std::string out = "{";
  for (const auto name : kFirst) {
    if (name == "object")
      append_member(out, name, "\"chat.completion\"");
    else if (const std::string* raw = get(name))
      append_member(out, name, *raw);
  }
  std::vector<const Choice*> choices;
  for (const Choice& one : choices_) choices.push_back(&one);
  std::ranges::stable_sort(choices, {}, &Choice::index);
  append_member(out, "choices", "[");
  for (const Choice* one : choices) {
    if (one != choices.front()) out += ',';
    append_choice(out, *one);
  }
  out += ']';
  for (const auto& [name, raw] : head_) {
    if (std::ranges::find(kFirst, name) == kFirst.end()) append_member(out, name, raw);
  }
  if (!error_.empty()) append_member(out, "error", error_);
  if (!dialect_.empty()) append_member(out, "flywheel", provenance_of(dialect_, unmapped_));
  out += '}';
  return out;
}

}  // namespace fw::capture
