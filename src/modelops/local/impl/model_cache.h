#pragma once

#include <string>

#include "async/pool.h"
#include "io/file_digest.h"
#include "io/process.h"
#include "modelops/local/impl/model_facts.h"
#include "modelops/local/settings.h"
#include "modelops/model.h"

namespace fw::modelops {

/// A file that the engine can serve as it is.
struct ServableModel {
  std::filesystem::path file;
  std::string type;  ///< `F16`
};

/// Turns models into the files that are served: layers dropped, weights in the type that this processor is fastest
/// with. Results are kept below `<data>/models`, named by what they were made of (content of the source, layers, type),
/// and whole: made beside, synced, renamed. Two that want the same file at once, in any process, make it once. The
/// digest of what was made is kept beside it: a file that is not that any more, or of which it is not known, is made
/// anew, as who signed for the source signed for what is served of it.
class ModelCache final {
 public:
  ModelCache(const LocalSettings& settings, io::ProcessLauncher& launcher, Pool& disk);

  /// The file for a model without adapter; its own where nothing has to be changed.
  [[nodiscard]] Task<Result<ServableModel>> prepare(ModelSpec model, ModelFacts facts, Deadline deadline);

  /// Writes a model with the adapter merged in to `out`, which is whole or absent afterwards. Only where
  /// can_merge(facts).
  [[nodiscard]] Task<Result<ServableModel>> merge(ModelSpec model, ModelFacts facts, Adapter adapter,
                                                  std::filesystem::path out, Deadline deadline);
  /// Merging is flywheel-trainer's work; it writes the types that round so little that the sum is what was trained.
  [[nodiscard]] bool can_merge(const ModelFacts& facts) const;

 private:
  [[nodiscard]] std::string type_for(const ModelFacts& facts) const;
  /// Of one file its own; of several that of theirs.
  [[nodiscard]] Task<Result<std::string>> content_digest(std::vector<std::filesystem::path> files);
  /// Whether a file is there, with the bytes that it was made with. Says where it is not.
  [[nodiscard]] Task<bool> is_as_made(std::filesystem::path file);
  [[nodiscard]] Task<Status> keep_digest(std::filesystem::path file);
  [[nodiscard]] Task<Status> make(ModelSpec model, ModelFacts facts, std::string type, std::filesystem::path out,
                                  Deadline deadline);
  [[nodiscard]] Task<Status> quantize(std::filesystem::path in, std::filesystem::path out, std::string type,
                                      Deadline deadline);
  [[nodiscard]] Task<Status> run_tool(io::ProcessSpec spec, Deadline deadline);

  LocalSettings settings_;
  io::ProcessLauncher& launcher_;
  Pool& disk_;
  io::FileDigests digests_;
};

}  // namespace fw::modelops
