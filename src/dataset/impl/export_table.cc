#include "dataset/impl/export_table.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "dataset/impl/chat.h"

namespace fw::dataset {
namespace {

using codec::ParquetField;

constexpr std::array<std::string_view, 6> kMessage{"role", "content", "tool_calls", "tool_call_id", "name", "weight"};
constexpr std::array<std::string_view, 3> kCall{"id", "type", "function"};
constexpr std::array<std::string_view, 2> kFunction{"name", "arguments"};

ParquetField messages(RowFormat format) {
  std::vector<ParquetField> members{
      ParquetField::text("role"),
      ParquetField::text("content"),
      ParquetField::list_of_groups("tool_calls", {ParquetField::text("id"), ParquetField::text("type"),
                                                  ParquetField::group("function", {ParquetField::text("name"),
                                                                                   ParquetField::text("arguments")})}),
      ParquetField::text("tool_call_id"),
      ParquetField::text("name"),
  };
  if (format == RowFormat::kOpenAi) members.push_back(ParquetField::integer("weight"));
  members.push_back(ParquetField::text("other"));
  return ParquetField::list_of_groups("messages", std::move(members));
}

/// Takes out of an object what is not among `columns`, without what is null.
Json take_rest(Json& object, std::span<const std::string_view> columns) {
  Json rest = Json::object();
  Json kept = Json::object();
  for (auto& [name, value] : object.items()) {
    if (std::ranges::find(columns, name) != columns.end()) {
      kept[name] = std::move(value);
    } else if (!value.is_null()) {
      rest[name] = std::move(value);
    }
  }
  object = std::move(kept);
  return rest;
}

/// The same of every call: a list with an object for each, null where no call has more.
Json take_rest_of_calls(Json& message) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return nullptr;
  Json rest = Json::array();
  bool has_more = false;
  for (Json& call : *calls) {
    if (!call.is_object()) return nullptr;
    Json of_call = take_rest(call, kCall);
    if (const auto function = call.find("function"); function != call.end() && function->is_object()) {
      if (Json of_function = take_rest(*function, kFunction); !of_function.empty()) of_call["function"] = of_function;
    }
    has_more = has_more || !of_call.empty();
    rest.push_back(std::move(of_call));
  }
  return has_more ? rest : Json(nullptr);
}

bool has_only_text(const Json& parts) {
  return std::ranges::all_of(parts, [](const Json& part) {
    return part.is_object() && string_member(part, "type") == "text" && part.contains("text");
  });
}

std::string put_message_in_columns(Json& message, std::set<std::string>& changed) {
  if (const Json* content = member(message, "content"); content != nullptr && content->is_array()) {
    if (!has_only_text(*content)) return "content that is no text";
    message["content"] = text_of(message);
    changed.insert("a content of text parts as one text");
  }
  Json other = take_rest(message, kMessage);
  if (Json of_calls = take_rest_of_calls(message); !of_calls.is_null()) other["tool_calls"] = std::move(of_calls);
  if (!other.empty()) message["other"] = to_line(other);
  return {};
}

}  // namespace

std::vector<ParquetField> table_columns(RowFormat format) {
  switch (format) {
    case RowFormat::kPromptCompletion: return {ParquetField::text("prompt"), ParquetField::text("completion")};
    case RowFormat::kShareGpt:
      return {ParquetField::list_of_groups("conversations", {ParquetField::text("from"), ParquetField::text("value")}),
              ParquetField::text("tools")};
    case RowFormat::kChat:
    case RowFormat::kOpenAi: break;
  }
  return {messages(format), ParquetField::text("tools")};
}

std::string put_in_columns(Json& row, std::set<std::string>& changed) {
  if (const auto messages = row.find("messages"); messages != row.end()) {
    for (Json& message : *messages) {
      if (auto why = put_message_in_columns(message, changed); !why.empty()) return why;
    }
  }
  if (const auto tools = row.find("tools"); tools != row.end() && !tools->is_string()) *tools = to_line(*tools);
  return {};
}

}  // namespace fw::dataset
