#include "review/queue.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "codec/json_member.h"
#include "evals/metric.h"

namespace fw::review {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 2> kSourceNames{"evaluation", "shadow"};

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

/// The arguments of a call, parsed where they are JSON.
Json arguments_of(const Json& call) {
  if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) return nullptr;
  const Json arguments = call["function"].value("arguments", Json());
  if (!arguments.is_string()) return arguments;
  auto parsed = Json::parse(arguments.get<std::string>(), nullptr, false);
  return parsed.is_discarded() ? arguments : parsed;
}

Json calls_of(const Json& message) {
  return message.is_object() && message.contains("tool_calls") && message["tool_calls"].is_array()
             ? message["tool_calls"]
             : Json::array();
}

std::string name_of(const Json& call) {
  return call.is_object() && call.contains("function") && call["function"].is_object()
             ? codec::text_at(call["function"], "name")
             : "";
}

/// Names of the arguments that two calls give differently.
std::string differing(const Json& left, const Json& right) {
  if (!left.is_object() || !right.is_object()) return left == right ? "" : "arguments";
  std::string out;
  for (const auto& [key, value] : left.items()) {
    if (!right.contains(key) || right[key] != value) out += key + ',';
  }
  for (const auto& [key, value] : right.items()) {
    if (!left.contains(key)) out += '+' + key + ',';
  }
  return out;
}

/// What two messages differ in, without the values: divergences of one shape look alike to a person.
std::string shape_of(const Json& reference, const Json& answer, const Json& mistakes) {
  const Json left = calls_of(reference), right = calls_of(answer);
  std::string out = mistakes.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const Json a = i < left.size() ? left[i] : Json(), b = i < right.size() ? right[i] : Json();
    out += '|' + name_of(a) + '>' + name_of(b) + ':' + differing(arguments_of(a), arguments_of(b));
  }
  return out;
}

const Json* answer_of(const Json& row, const Subject& subject) {
  for (const auto& answer : row.at("answers")) {
    if (codec::text_at(answer, "model_name") == subject.model_name &&
        codec::text_at(answer, "variant") == subject.variant)
      return &answer;
  }
  return nullptr;
}

/// The classes of the reviewed evaluation; of a workload without classes one that holds all.
std::vector<Stratum> classes_of(const Json& report, const Subject& subject) {
  std::vector<Stratum> out;
  for (const auto& candidate : report.at("candidates")) {
    if (codec::text_at(candidate, "model_name") != subject.model_name) continue;
    for (const auto& evaluation : candidate.at("evaluations")) {
      if (codec::text_at(evaluation, "variant") != subject.variant || !evaluation.contains("classes")) continue;
      for (const auto& each : evaluation["classes"]) {
        const auto rows = static_cast<std::uint64_t>(number_at(each, "n").value_or(0));
        if (rows > 0) out.push_back({codec::text_at(each, "label"), number_at(each, "share").value_or(0), rows, 0});
      }
    }
  }
  if (out.empty()) out.push_back({"", 1, subject.rows, 0});
  return out;
}

Stratum& class_of(std::vector<Stratum>& classes, const std::string& label) {
  const auto found = std::ranges::find(classes, label, &Stratum::label);
  return found == classes.end() ? classes.front() : *found;
}

/// 1 for a class of one row, less for one of many.
double rarity_of(const Stratum& stratum) {
  return 1.0 / std::sqrt(static_cast<double>(std::max<std::uint64_t>(stratum.rows, 1)));
}

std::vector<std::string> reasons(double stakes, double rarity, double dispute, double doubt) {
  std::vector<std::string> out;
  if (stakes > 1) out.emplace_back("high stakes");
  if (rarity > 0.3) out.emplace_back("rare class");
  if (dispute > 0.5) out.emplace_back("judge and metric disagree");
  if (doubt > 0.5) out.emplace_back("the model was unsure");
  return out;
}

/// A row has one score at most that a judge gave.
std::optional<double> judge_score(const Json& scores) {
  for (const evals::Metric* metric : evals::metrics()) {
    if (!metric->is_judged) continue;
    if (const auto score = number_at(scores, std::string(metric->name).c_str())) return score;
  }
  return std::nullopt;
}

/// What an exchange answered.
Json message_of(const record::Interaction& exchange) {
  return Json::parse(exchange.response).at("choices").at(0).at("message");
}

Item item_of(const Json& row, const Json& answer, const ReviewSettings& settings, double rarity) {
  Item item;
  item.record_id = codec::text_at(row, "record_id");
  item.label = codec::text_at(row, "label");
  item.agreement = number_at(answer, "agreement");
  item.judge = judge_score(answer.at("scores"));
  const auto known = settings.weights.find(item.label);
  const double stakes = known == settings.weights.end() ? 1.0 : known->second;
  const double dispute = item.judge ? std::abs(*item.judge - item.agreement.value_or(0)) : 0;
  const double doubt = 1 - number_at(answer, "confidence").value_or(1);
  item.telling = stakes * (1 + rarity + dispute + doubt);
  item.why = reasons(stakes, rarity, dispute, doubt);
  item.group = sha256_hex(item.label + '|' + shape_of(row.at("reference"), answer.at("message"), answer.at("mistakes")))
                   .substr(0, 16);
  const Json body{{"messages", row.at("messages")},     {"production", row.at("reference")},
                  {"candidate", answer.at("message")},  {"failure", answer.at("failure")},
                  {"mistakes", answer.at("mistakes")},  {"scores", answer.at("scores")},
                  {"agreement", answer.at("agreement")}};
  item.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return item;
}

/// By the most telling row of their group, then by lot; rows of a group stay together.
void put_in_order(std::vector<Item>& items) {
  std::map<std::string, double> most;
  for (const auto& item : items) most[item.group] = std::max(most[item.group], item.telling);
  std::ranges::sort(items, [&](const Item& a, const Item& b) {
    if (a.group != b.group) {
      if (most[a.group] != most[b.group]) return most[a.group] > most[b.group];
      return std::pair(hash64(a.group), a.group) < std::pair(hash64(b.group), b.group);
    }
    return std::pair(hash64(a.record_id), a.record_id) < std::pair(hash64(b.record_id), b.record_id);
  });
}

Queue read_queue(const Json& report, const ReviewSettings& settings) {
  Queue queue;
  auto& subject = queue.subject;
  const Json& job = report.at("job");
  const Json& summary = report.at("summary");
  subject.workload = codec::text_at(job, "workload_id");
  subject.client = codec::text_at(job, "client_id");
  subject.model_name = codec::text_at(summary, "model_name");
  subject.variant = codec::text_at(summary, "variant");
  subject.decision = codec::text_at(summary, "decision");
  if (summary.at("score").is_object()) subject.rows = summary["score"].value("n", std::uint64_t{0});
  subject.divergent = report.at("divergent_rows").value("total", std::uint64_t{0});
  subject.classes = classes_of(report, subject);
  for (const auto& row : report["divergent_rows"].at("rows")) {
    const auto* answer = answer_of(row, subject);
    if (answer == nullptr) continue;
    Stratum& stratum = class_of(subject.classes, codec::text_at(row, "label"));
    queue.items.push_back(item_of(row, *answer, settings, rarity_of(stratum)));
    Item& item = queue.items.back();
    item.asks = std::max(answer->value("asks_divergent", std::uint64_t{1}), std::uint64_t{1});
    item.share = number_at(*answer, "share_divergent").value_or(0);
    stratum.divergent += item.asks;
    stratum.divergent_share += item.share;
  }
  put_in_order(queue.items);
  if (queue.items.size() > settings.max_rows) queue.items.resize(settings.max_rows);
  subject.left_out = subject.divergent - std::min<std::uint64_t>(subject.divergent, queue.items.size());
  return queue;
}

}  // namespace

Result<std::optional<Queue>> queue_of(const Json& report, const ReviewSettings& settings) {
  try {
    if (codec::text_at(report.at("summary"), "model_name").empty()) return std::optional<Queue>();
    return std::optional<Queue>(read_queue(report, settings));
  } catch (const Json::exception& e) {
    return data_loss(std::string("the run's report cannot be read: ") + e.what());
  }
}

std::string_view to_string(Source source) { return kSourceNames.at(static_cast<std::size_t>(source)); }

std::optional<Source> source_from_string(std::string_view name) {
  const auto* const found = std::ranges::find(kSourceNames, name);
  if (found == kSourceNames.end()) return std::nullopt;
  return static_cast<Source>(found - kSourceNames.begin());
}

Result<Item> item_of(const Divergence& divergence, const Subject& subject, const ReviewSettings& settings) {
  try {
    const Json request = Json::parse(divergence.other.request);
    const Json reference = message_of(divergence.other), message = message_of(divergence.candidate);
    const Json calls = calls_of(reference);
    // As the datasets name classes; a workload without tools has one without a name.
    const bool has_classes = std::ranges::find(subject.classes, "", &Stratum::label) == subject.classes.end();
    const std::string label = !has_classes ? "" : calls.empty() ? "no_tool" : name_of(calls.front());
    Json scores{{divergence.metric, divergence.score}};
    const auto kind = calls.empty() ? modelops::AnswerKind::kText : modelops::AnswerKind::kToolCalls;
    if (divergence.judge) scores[std::string(evals::judged_metric(kind)->name)] = *divergence.judge;
    const Json row{{"record_id", divergence.other.id.value()},
                   {"label", label},
                   {"messages", request.value("messages", Json::array())},
                   {"reference", reference}};
    const Json answer{{"message", message},
                      {"agreement", divergence.score},
                      {"scores", std::move(scores)},
                      {"mistakes", divergence.mistakes},
                      {"failure", nullptr}};
    const auto stratum = std::ranges::find(subject.classes, label, &Stratum::label);
    // A class that the evaluation never saw is as rare as one that it saw once.
    Item item = item_of(row, answer, settings, stratum == subject.classes.end() ? 1 : rarity_of(*stratum));
    item.source = Source::kShadow;
    item.group = sha256_hex("shadow|" + item.group).substr(0, 16);
    return item;
  } catch (const Json::exception& e) {
    return data_loss(std::string("a shadowed pair cannot be read: ") + e.what());
  }
}

std::string head_json(const Item& item) {
  const Json out{{"class", item.label},
                 {"group", item.group},
                 {"telling", item.telling},
                 {"why", item.why},
                 {"agreement", item.agreement ? Json(*item.agreement) : Json(nullptr)},
                 {"judge", item.judge ? Json(*item.judge) : Json(nullptr)},
                 {"asks", item.asks},
                 {"share", item.share},
                 {"source", to_string(item.source)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Item> item_from_head(std::string_view text) {
  try {
    const auto value = Json::parse(text);
    Item item;
    item.label = value.at("class");
    item.group = value.at("group");
    item.telling = value.at("telling");
    item.why = value.at("why").get<std::vector<std::string>>();
    item.agreement = number_at(value, "agreement");
    item.judge = number_at(value, "judge");
    item.asks = value.value("asks", item.asks);
    item.share = value.value("share", item.share);
    // Versions that took none of live traffic wrote no source.
    item.source = source_from_string(codec::text_at(value, "source")).value_or(Source::kEvaluation);
    return item;
  } catch (const Json::exception&) {
    return data_loss("an item of a review is not what flywheel wrote");
  }
}

std::string subject_json(const Subject& s) {
  Json classes = Json::array();
  for (const auto& each : s.classes) {
    classes.push_back({{"class", each.label},
                       {"share", each.share},
                       {"rows", each.rows},
                       {"divergent", each.divergent},
                       {"divergent_share", each.divergent_share}});
  }
  const Json out{{"workload_id", s.workload}, {"client_id", s.client},  {"model_name", s.model_name},
                 {"variant", s.variant},      {"decision", s.decision}, {"rows", s.rows},
                 {"divergent", s.divergent},  {"left_out", s.left_out}, {"classes", std::move(classes)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Subject> subject_from_json(std::string_view text) {
  try {
    const auto v = Json::parse(text);
    Subject subject{v.at("workload_id"), v.at("client_id"), v.at("model_name"),
                    v.at("variant"),     v.at("decision"),  v.at("rows"),
                    v.at("divergent"),   v.at("left_out"),  {}};
    for (const auto& each : v.at("classes")) {
      subject.classes.push_back({each.at("class"), each.at("share"), each.at("rows"), each.at("divergent"),
                                 each.value("divergent_share", 0.0)});
    }
    return subject;
  } catch (const Json::exception&) {
    return data_loss("a review is not what flywheel wrote");
  }
}

}  // namespace fw::review
