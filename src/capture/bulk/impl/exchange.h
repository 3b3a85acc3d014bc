#pragma once

#include <map>
#include <set>
#include <string>

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/counters.h"
#include "net/body_budget.h"
#include "net/router.h"

namespace fw::capture::elastic {

/// The answer with the headers that the official clients insist on.
[[nodiscard]] net::Response response_of(const Call& call, Answer answer);

/// Between the server and the endpoints: reads a request whole within the budget, has it answered, and gives the answer
/// the headers that the official clients insist on. Filled before the server starts, then only read, by any thread.
class Exchange final {
 public:
  /// `packing`: where large answers are packed for clients that take gzip.
  Exchange(const BulkApiOptions& options, Counters& counters, Pool& packing);

  void on(std::initializer_list<net::Method> methods, const std::string& pattern, Endpoint endpoint);
  /// After the last on(): what is left of methods and paths is refused in the dialect's own words.
  void finish();

  [[nodiscard]] net::Handler handler() const { return router_.handler(); }
  [[nodiscard]] std::size_t bytes_in_flight() const { return budget_.used(); }
  [[nodiscard]] bool is_full() const { return budget_.used() > budget_.limit() / 2; }
  [[nodiscard]] bool is_full_for(const std::string& address) const { return budget_.is_crowded_by(address); }

 private:
  [[nodiscard]] Task<void> serve(Endpoint endpoint, std::string pattern, net::IncomingRequest& request,
                                 net::PathParams params, net::ResponseWriter& out);
  [[nodiscard]] Task<void> send(const Call& call, Answer answer, net::ResponseWriter& out);
  void refuse_other_methods(const std::string& pattern, const std::set<net::Method>& allowed);

  const BulkApiOptions& options_;
  Counters& counters_;
  Pool& packing_;
  net::BodyBudget budget_;
  net::Router router_;
  std::map<std::string, std::set<net::Method>> methods_;
};

}  // namespace fw::capture::elastic
