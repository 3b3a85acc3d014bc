#include "app/promoted_targets.h"

#include <gmock/gmock.h>

namespace fw::app {
namespace {

const std::vector<capture::UpstreamSettings> kUpstreams = [] {
  capture::UpstreamSettings small{.name = "small", .url = "http://10.0.0.7/v1"};
  small.headers = {{"x-model", "tuned"}};
  return std::vector<capture::UpstreamSettings>{small};
}();

promotion::Proposal signed_for_small() {
  promotion::Proposal proposal;
  proposal.id = "p-1";
  proposal.candidate.upstream = "small";
  proposal.candidate.digests = digests_of_asked(kUpstreams, proposal.candidate, "secret").value();
  return proposal;
}

/// Why no request goes to it; empty: they do.
std::string trouble_with(const promotion::Proposal& proposal, const std::vector<capture::UpstreamSettings>& upstreams) {
  const auto split =
      split_by_upstream({proposal}, [&](const auto& c) { return digests_of_asked(upstreams, c, "secret"); });
  EXPECT_EQ(split.as_signed.size() + split.elsewhere.size(), 1U);
  return split.elsewhere.empty() ? "" : split.elsewhere[0].why;
}

TEST(PromotedTargets, AnUpstreamIsAskedOnlyAtTheUrlAndWithTheHeadersThatWereSigned) {
  EXPECT_EQ(trouble_with(signed_for_small(), kUpstreams), "");
  auto other = kUpstreams;
  other[0].headers[0].second = "untuned";
  EXPECT_THAT(trouble_with(signed_for_small(), other), testing::HasSubstr("other headers than were signed"));
  other[0].url = "http://10.0.0.8/v1";
  EXPECT_THAT(trouble_with(signed_for_small(), other), testing::HasSubstr("another url than the one that was signed"));
}

TEST(PromotedTargets, AProposalThatNamesNoHeadersIsHeldToItsUrlAlone) {
  auto earlier = signed_for_small();
  earlier.candidate.digests.erase("headers");
  auto other = kUpstreams;
  other[0].headers.clear();
  EXPECT_EQ(trouble_with(earlier, other), "");
  other[0].url = "http://10.0.0.8/v1";
  EXPECT_NE(trouble_with(earlier, other), "");
}

}  // namespace
}  // namespace fw::app
