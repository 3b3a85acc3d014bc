#pragma once

#include "net/router.h"

namespace fw::api {

/// What a browser shows: every address of a page answers the application's document, which draws the page itself out of
/// the API; `/assets/` has its script and style. The addresses are those of web/src/app/pages.ts.
class PagesResource final {
 public:
  void add_to(net::Router& router);
};

}  // namespace fw::api
