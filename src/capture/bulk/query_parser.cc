#include <algorithm>
#include <array>

#include "capture/bulk/impl/query_node.h"
#include "capture/bulk/impl/query_string.h"

namespace fw::capture::elastic {
namespace {

using Node = Query::Node;
using Kind = Node::Kind;

/// What belongs to a clause without changing what it matches.
bool is_without_effect(std::string_view key) {
  constexpr std::array<std::string_view, 8> kKeys{"boost",   "_name",   "operator",         "analyzer",
                                                  "rewrite", "lenient", "zero_terms_query", "relation"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

/// What is not known and turned off.
bool is_off(std::string_view key, const Json& value) { return key == "case_insensitive" && value == false; }

bool is_bound(std::string_view key) {
  return key == "gte" || key == "gt" || key == "lte" || key == "lt" || key == "from" || key == "to";
}

/// Times of the dialect are milliseconds: what lies within one belongs to it.
constexpr Duration kMillisecond = std::chrono::milliseconds(1);
Timestamp whole_ms(Timestamp time) { return std::chrono::floor<std::chrono::milliseconds>(time); }

Error unknown(std::string_view what, std::string_view name) {
  return invalid_argument("unknown " + std::string(what) + " [" + std::string(name) + "]");
}

Result<std::string> scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return invalid_argument("a term is a text or a number, not " + std::string(value.type_name()));
}

/// The one field that a clause names, and what it says of it.
Result<std::pair<std::string, const Json*>> only_field(const Json& clause, std::string_view name) {
  const Error wrong = invalid_argument("[" + std::string(name) + "] names one field");
  if (!clause.is_object()) return wrong;
  const Json* value = nullptr;
  std::string field;
  for (const auto& [key, member] : clause.items()) {
    if (is_without_effect(key)) continue;
    if (value != nullptr) return wrong;
    value = &member;
    field = key;
  }
  if (value == nullptr) return wrong;
  return std::pair(std::move(field), value);
}

class Parser {
 public:
  explicit Parser(const Query::Context& context) : context_(context) {}

  Result<Node> parse(const Json& query, int depth) const {
    if (depth > Query::kMaxDepth) return invalid_argument("the query is nested too deeply");
    if (!query.is_object() || query.size() != 1) return invalid_argument("a query is an object with one key, its name");
    const std::string& name = query.begin().key();
    const Json& clause = query.begin().value();
    if (name == "match_all") return Node{};
    if (name == "match_none") return Node{.kind = Kind::kNone};
    if (name == "bool") return parse_bool(clause, depth);
    if (name == "term") return parse_term(clause, name, "value");
    if (name == "match" || name == "match_phrase") return parse_term(clause, name, "query");
    if (name == "prefix" || name == "wildcard") return parse_pattern(clause, name);
    if (name == "terms") return parse_terms(clause);
    if (name == "ids") return parse_ids(clause);
    if (name == "range") return parse_range(clause);
    if (name == "exists") return parse_exists(clause);
    if (name == "query_string") {
      FW_ASSIGN(const Json inner, query_of_text(clause));
      return parse(inner, depth + 1);
    }
    if (name == "constant_score" && clause.is_object() && clause.contains("filter")) {
      return parse(clause["filter"], depth + 1);
    }
    return unknown("query", name);
  }

 private:
  Result<Node> parse_bool(const Json& clause, int depth) const {
    if (!clause.is_object()) return invalid_argument("[bool] is an object");
    Node node{.kind = Kind::kBool};
    for (const auto& [key, value] : clause.items()) {
      if (key == "must" || key == "filter") {
        FW_TRY(parse_list(value, depth, node.must));
      } else if (key == "should") {
        FW_TRY(parse_list(value, depth, node.should));
      } else if (key == "must_not") {
        FW_TRY(parse_list(value, depth, node.must_not));
      } else if (key == "minimum_should_match") {
        if (!value.is_number_integer() && !value.is_string()) return unknown("minimum_should_match", value.dump());
      } else if (!is_without_effect(key)) {
        return unknown("key of [bool]", key);
      }
    }
    node.least_should = !node.should.empty() && node.must.empty() ? 1 : 0;
    if (const auto least = clause.find("minimum_should_match"); least != clause.end()) {
      const std::string text = least->is_string() ? least->get<std::string>() : least->dump();
      if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
        return unknown("minimum_should_match", text);
      }
      node.least_should = std::stoul(text);
    }
    return node;
  }

  Status parse_list(const Json& value, int depth, std::vector<Node>& into) const {
    if (!value.is_array()) {
      FW_ASSIGN(Node node, parse(value, depth + 1));
      into.push_back(std::move(node));
      return {};
    }
    for (const Json& element : value) {
      FW_ASSIGN(Node node, parse(element, depth + 1));
      into.push_back(std::move(node));
    }
    return {};
  }

  Result<Node> term_of(Field field, const Json& value) const {
    if (field == Field::kBody) return not_indexed();
    if (field == Field::kTime) {
      FW_ASSIGN(const Timestamp first, parse_time(value, "", context_.now));
      FW_ASSIGN(const Timestamp last, parse_time(value, "", context_.now, Rounding::kUp));
      return Node{.kind = Kind::kRange, .from = whole_ms(first), .to = whole_ms(last) + kMillisecond};
    }
    FW_ASSIGN(std::string text, scalar_text(value));
    return Node{.kind = Kind::kTerms, .field = field, .terms = {std::move(text)}};
  }

  Result<Node> parse_term(const Json& clause, std::string_view name, const char* inner) const {
    FW_ASSIGN(const auto named, only_field(clause, name));
    FW_ASSIGN(const Field field, parse_field(named.first));
    const Json* value = named.second;
    if (value->is_object()) {
      for (const auto& [key, member] : value->items()) {
        if (key == inner || is_off(key, member) || is_without_effect(key)) continue;
        return unknown("key of [" + std::string(name) + "]", key);
      }
      if (!value->contains(inner)) return invalid_argument("[" + std::string(name) + "] needs [" + inner + "]");
      return term_of(field, (*value)[inner]);
    }
    return term_of(field, *value);
  }

  Result<Node> parse_pattern(const Json& clause, std::string_view name) const {
    FW_ASSIGN(const auto named, only_field(clause, name));
    FW_ASSIGN(const Field field, parse_field(named.first));
    if (field == Field::kBody || field == Field::kTime) return not_indexed();
    const Json* value = named.second;
    if (value->is_object()) {
      const Json* inner = nullptr;
      for (const auto& [key, member] : value->items()) {
        if (is_off(key, member) || is_without_effect(key)) continue;
        if (key != "value" && key != name) return unknown("key of [" + std::string(name) + "]", key);
        inner = &member;
      }
      if (inner == nullptr) return invalid_argument("[" + std::string(name) + "] needs [value]");
      value = inner;
    }
    FW_ASSIGN(std::string text, scalar_text(*value));
    if (name == "prefix") {
      if (text.find('*') != std::string::npos) return invalid_argument("[prefix] holds a star; use [wildcard]");
      text += '*';
    } else if (text.find('?') != std::string::npos) {
      return invalid_argument("[wildcard] knows * alone");
    }
    return Node{.kind = Kind::kPattern, .field = field, .pattern = std::move(text)};
  }

  Result<Node> parse_terms(const Json& clause) const {
    FW_ASSIGN(const auto named, only_field(clause, "terms"));
    FW_ASSIGN(const Field field, parse_field(named.first));
    if (!named.second->is_array()) return invalid_argument("[terms] needs a list of values");
    if (named.second->size() > Query::kMaxTerms) return invalid_argument("[terms] has more than 65536 values");
    if (field == Field::kTime || field == Field::kBody) {
      Node any{.kind = Kind::kBool, .least_should = 1};
      for (const Json& value : *named.second) {
        FW_ASSIGN(Node node, term_of(field, value));
        any.should.push_back(std::move(node));
      }
      return any;
    }
    Node node{.kind = Kind::kTerms, .field = field};
    for (const Json& value : *named.second) {
      FW_ASSIGN(std::string text, scalar_text(value));
      node.terms.insert(std::move(text));
    }
    return node;
  }

  Result<Node> parse_ids(const Json& clause) const {
    if (!clause.is_object() || !clause.contains("values")) return invalid_argument("[ids] needs [values]");
    return parse_terms({{"_id", clause["values"]}});
  }

  Result<Node> parse_range(const Json& clause) const {
    FW_ASSIGN(const auto named, only_field(clause, "range"));
    FW_ASSIGN(const Field field, parse_field(named.first));
    if (field != Field::kTime) return invalid_argument("[range] is for [timestamp], not for [" + named.first + "]");
    if (!named.second->is_object()) return invalid_argument("[range] needs gte, gt, lte or lt");
    const Json& bounds = *named.second;
    const std::string format =
        bounds.contains("format") && bounds["format"].is_string() ? bounds["format"].get<std::string>() : "";
    Node node{.kind = Kind::kRange};
    for (const auto& [key, value] : bounds.items()) {
      if (key == "format" || key == "time_zone" || is_without_effect(key) || value.is_null()) {
        if (key == "time_zone" && value != "UTC" && value != "Z" && value != "+00:00") {
          return invalid_argument("[time_zone] is UTC here");
        }
        continue;
      }
      if (!is_bound(key)) return unknown("key of [range]", key);
      const bool is_after_whole = key == "gt" || key == "lte" || key == "to";
      FW_ASSIGN(const Timestamp time,
                parse_time(value, format, context_.now, is_after_whole ? Rounding::kUp : Rounding::kDown));
      const Timestamp bound = whole_ms(time) + (is_after_whole ? kMillisecond : Duration(0));
      (key.starts_with('g') || key == "from" ? node.from : node.to) = bound;
    }
    return node;
  }

  static Result<Node> parse_exists(const Json& clause) {
    if (!clause.is_object() || !clause.contains("field") || !clause["field"].is_string()) {
      return invalid_argument("[exists] needs [field]");
    }
    // Every record has all five; what lies within request and response is not indexed.
    return Node{.kind = parse_field(clause["field"].get<std::string>()).ok() ? Kind::kAll : Kind::kNone};
  }

  static Error not_indexed() {
    return invalid_argument(
        "cannot search on [request] and [response]: they are kept, not indexed; workload_id, client_id and timestamp "
        "are");
  }

  const Query::Context& context_;
};

}  // namespace

Result<Field> parse_field(std::string_view name) {
  if (name.ends_with(".keyword")) name.remove_suffix(8);
  if (name == "workload_id") return Field::kWorkload;
  if (name == "client_id") return Field::kClient;
  if (name == "timestamp" || name == "@timestamp") return Field::kTime;
  if (name == "_id") return Field::kId;
  if (name == "_index") return Field::kIndex;
  if (name == "request" || name == "response") return Field::kBody;
  return invalid_argument("cannot search on field [" + std::string(name) +
                          "] since it is not indexed; workload_id, client_id, timestamp, _id and _index are");
}

Result<Query> Query::parse(const Json& query, const Context& context) {
  FW_ASSIGN(Node node, Parser(context).parse(query, 0));
  Query out;
  out.root_ = std::make_shared<const Node>(std::move(node));
  return out;
}

}  // namespace fw::capture::elastic
