#pragma once

#include "async/pool.h"
#include "net/router.h"
#include "review/opener.h"
#include "review/reviews.h"

namespace fw::api {

/// `/api/reviews`: what people judge and what they said. Cards are blind: whose answer stands on which side is told
/// only when asked for. What is passed outlives the router.
class ReviewsResource final {
 public:
  ReviewsResource(review::Reviews& reviews, review::ReviewOpener& opener, Pool& disk)
      : reviews_(reviews), opener_(opener), disk_(disk) {}
  void add_to(net::Router& router);

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> open(net::Call call);
  Task<Result<net::Response>> one(net::Call call);
  Task<Result<net::Response>> card(net::Call call);
  Task<Result<net::Response>> label(net::Call call);
  Task<Result<net::Response>> withdraw(net::Call call);
  Task<Result<net::Response>> labels(net::Call call);

  review::Reviews& reviews_;
  review::ReviewOpener& opener_;
  Pool& disk_;
};

}  // namespace fw::api
