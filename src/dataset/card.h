#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataset/corrections.h"
#include "modelops/workload_type.h"

namespace fw::dataset {

/// One step from records to datasets. Invariant: in == out + the sum of reasons.
struct Step {
  std::string name;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::map<std::string, std::uint64_t> reasons;   ///< texts of reasons.h
  std::map<std::string, std::uint64_t> repaired;  ///< of the records that went on, those that were mended; texts of
                                                  ///< reasons.h; a record may count for several
};

/// Rows of one class on each side.
struct ClassCounts {
  std::string label;
  std::uint64_t eval = 0;
  std::uint64_t train = 0;
  std::uint64_t validation = 0;
};

/// How many records (of the traffic) or rows (of a side) have one value of a trait.
struct MixCounts {
  std::string value;
  std::uint64_t traffic = 0;  ///< valid records of the window, repeated requests included
  std::uint64_t train = 0;
  std::uint64_t validation = 0;
  std::uint64_t eval = 0;
  double eval_weight = 0;  ///< sum of the evaluation rows' weights
};

/// The traffic and every side by one trait: `class`, `answer_kind`, `turn`, `conversation_turns`, `day`.
struct Mix {
  std::string of;
  std::vector<MixCounts> values;  ///< in order of value
};

struct LeakText {
  std::string record_id;
  std::string text;  ///< its beginning
};

/// An evaluation row and a row of training or validation to look at.
struct LeakPair {
  enum class Kind {
    kRequest,      ///< texts: last user messages
    kHeldRequest,  ///< the training row holds the evaluation row's request whole; texts: last user messages
    kAnswer,       ///< the training row holds the evaluation row's answer; texts: answers
  };
  Kind kind = Kind::kRequest;
  double likeness = 0;  ///< 0 to 1, of all that the model saw
  LeakText evaluation;
  LeakText training;
};

/// What stands on both sides although it should not, measured on the finished rows. Training is validation too.
struct Leak {
  std::uint64_t conversations_on_two_sides = 0;      ///< 0 unless this program is wrong
  std::uint64_t requests_on_two_sides = 0;           ///< the same; whole requests, normalised
  std::uint64_t eval_rows_said_in_training = 0;      ///< last user message word for word that of a training row
  std::uint64_t eval_rows_template_in_training = 0;  ///< last user message of the template of a training row's
  /// What the model saw is nearly what it saw in a training row (impl/near_duplicate.h).
  std::uint64_t eval_rows_near_training = 0;
  std::uint64_t eval_rows_request_in_training = 0;  ///< a training row that is no such holds its turns whole
  /// An example in their prompt is nearly the row, or shows its request or its own answer.
  std::uint64_t eval_rows_near_example = 0;
  std::uint64_t eval_rows_answered_in_training =
      0;  ///< a training row holds the answer whole, which is not a common one
  /// Of these, those whose answer fewer than three conversations give.
  std::uint64_t eval_rows_own_answer_in_training = 0;
  double near_duplicate_threshold = 0;
  std::vector<LeakPair> pairs;  ///< those most alike, under the threshold too
};

/// Rows of all sides that are near-duplicates of each other (impl/near_clusters.h).
struct NearDuplicateCounts {
  struct Cluster {
    std::uint64_t train = 0;
    std::uint64_t validation = 0;
    std::uint64_t evaluation = 0;
    std::uint64_t answers = 0;       ///< different ones, of its rows that begin a conversation
    std::vector<LeakText> examples;  ///< last user messages; at most kShownOfCluster

    [[nodiscard]] std::uint64_t rows() const { return train + validation + evaluation; }
  };
  std::uint64_t clusters = 0;                 ///< of two rows and more
  std::uint64_t rows = 0;                     ///< in them
  std::uint64_t training_and_validation = 0;  ///< clusters with rows of both
  std::uint64_t answered_differently = 0;     ///< clusters of more than one such answer
  std::uint64_t called_differently = 0;       ///< of these, clusters where they call different tools
  std::uint64_t not_looked_at = 0;            ///< rows beyond those that are compared
  std::vector<Cluster> largest;               ///< at most kShownClusters
};
inline constexpr std::size_t kShownClusters = 5;
inline constexpr std::size_t kShownOfCluster = 3;

/// Rows whose answer looks wrong (impl/suspects.h).
struct SuspiciousCounts {
  struct Example {
    std::string record_id;
    std::string detail;
  };
  struct Reason {
    std::string why;                ///< of reasons.h
    std::uint64_t training = 0;     ///< rows that may train or validate
    std::uint64_t evaluation = 0;   ///< these are kept in any case
    std::vector<Example> examples;  ///< at most kShownSuspects, those of training first
  };
  bool left_out = false;  ///< of training and validation
  std::uint64_t training_rows = 0;
  std::uint64_t evaluation_rows = 0;  ///< how many were looked at
  std::vector<Reason> reasons;
};
inline constexpr std::size_t kShownSuspects = 5;

/// How often the rows of training that call a tool call the same as those whose last user messages are most like theirs
/// (impl/neighbours.h). Where labels are noisy that is little more than chance.
struct LikeRequests {
  struct Class {
    std::string label;          ///< the tools that are called
    std::uint64_t rows = 0;     ///< that were compared
    double agreeing_share = 0;  ///< of their neighbours
    double chance_share = 0;    ///< what other rows of their place would give
  };
  std::uint64_t rows = 0;
  double agreeing_share = 0;
  double chance_share = 0;
  std::vector<Class> classes;  ///< those that agree the least first; at most kShownLikeClasses

  [[nodiscard]] bool is_noisy() const;
};
inline constexpr std::size_t kShownLikeClasses = 20;

/// How the templates of the last user messages are spread over the sides.
struct TemplateCounts {
  std::uint64_t templates = 0;      ///< of all rows
  std::uint64_t rows_seen = 0;      ///< evaluation rows whose template training has
  std::uint64_t rows_unseen = 0;    ///< the others
  std::uint64_t rows_left_out = 0;  ///< kept out of training so that their template, or case, stays on one side
  /// Share of the newest part's rows whose template the older part has: what new traffic looks like. Below 0: no
  /// newest part.
  double newest_known_share = -1;
};

/// What became of a fixed evaluation set (holdout.h). rows == evaluated + retired.size().
struct HoldoutCounts {
  struct Retired {
    std::string record_id;
    std::string why;  ///< of reasons.h
  };
  std::string job;
  std::string dataset;
  std::string digest;
  std::uint64_t rows = 0;
  std::uint64_t evaluated = 0;
  std::vector<Retired> retired = {};     ///< in the set's order
  double retired_weight_share = 0;       ///< of the set's weight
  std::uint64_t answered_otherwise = 0;  ///< evaluated; most records answer their request otherwise by now
  std::uint64_t rewritten = 0;           ///< evaluated; request or response is not the set's, byte for byte
  std::int64_t newest_record = 0;        ///< of the set, epoch seconds
  std::uint64_t records = 0;             ///< valid ones of the window
  std::uint64_t records_since = 0;       ///< of these, those that are newer than newest_record
};

/// What the workload has that the window lacks, through no choice of the run's.
struct NotRead {
  std::uint64_t waiting = 0;  ///< about how many records are acknowledged and were not in the log store yet
  std::string why = {};       ///< they wait
  std::map<std::string, std::uint64_t> left_out = {};  ///< what lies in the log store and is no record, by reason
};

/// How often production answered a repeated request as it had before.
struct SelfAgreement {
  std::uint64_t requests = 0;  ///< asked more than once
  std::uint64_t records = 0;   ///< that ask them
  std::uint64_t agreeing = 0;  ///< records whose answer is the one that was kept
  std::uint64_t pairs = 0;     ///< pairs of records of one request
  std::uint64_t pairs_agreeing = 0;
};

/// How the datasets of a run came to be. A value.
struct Card {
  modelops::WorkloadType type = modelops::WorkloadType::kGeneric;
  std::uint64_t seed = 0;
  std::vector<Step> steps;
  std::vector<ClassCounts> classes;  ///< by label
  std::vector<Mix> mix;
  TemplateCounts templates;
  SelfAgreement self_agreement;
  std::optional<CorrectionCounts> corrections;  ///< absent: nobody asked for them
  SuspiciousCounts suspicious;
  LikeRequests like_requests;
  NearDuplicateCounts near_duplicates;
  std::optional<HoldoutCounts> holdout;  ///< absent: the evaluation rows were drawn
  NotRead not_read;
  std::vector<std::string> notes;  ///< plain sentences
  Leak leak;
  std::string refused;  ///< why the datasets were not kept; empty: they were
};

/// What the report's `dataset` object holds beside the datasets (docs/formats/report.md).
[[nodiscard]] nlohmann::ordered_json to_json(const Card& card);

[[nodiscard]] nlohmann::ordered_json to_json(const Leak& leak);

/// `select 100 -> 100; validate 100 -> 80 (request.messages is empty: 20)`: the steps as errors quote them.
[[nodiscard]] std::string describe(const std::vector<Step>& steps);

}  // namespace fw::dataset
