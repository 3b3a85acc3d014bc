#include <array>

#include "sample/impl/domain.h"
#include "sample/impl/shop_wordings.h"

namespace fw::sample {
namespace {

using Texts = std::string_view;

constexpr Texts kOrderIds[] = {"A-#####", "B-#####", "C-#####", "D-#####"};
constexpr Texts kItems[] = {"####"};
constexpr Texts kStores[] = {"Leeds", "York", "Bristol", "Cardiff"};
constexpr Texts kReasons[] = {"damaged", "faulty", "unwanted", "incomplete"};
constexpr Texts kQueries[] = {"<adjective> <thing>", "<adjective> <thing>", "<thing> for <use>",
                              "<adjective> <thing> for <use>"};
constexpr Texts kAdjectives[] = {"red",   "small",   "wooden", "folding", "solar",    "copper", "blue",
                                 "heavy", "striped", "green",  "cheap",   "wicker",   "white",  "waterproof",
                                 "round", "large",   "black",  "oak",     "foldable", "grey"};
constexpr Texts kThings[] = {"garden hoses",   "plant pots",    "deck chairs",  "lamps",       "bird feeders",
                             "picnic tables",  "watering cans", "door mats",    "bookshelves", "curtains",
                             "rose bushes",    "rain barrels",  "parasols",     "toolboxes",   "candles",
                             "kitchen scales", "wall clocks",   "tomato seeds", "hammocks",    "rugs"};
constexpr Texts kUses[] = {"a balcony", "the kitchen", "children", "a small flat", "the patio", "my mother"};
constexpr Texts kPrices[] = {"15", "20", "25", "30", "40", "45", "50", "60", "75", "80", "90", "120", "150", "200"};
constexpr Texts kNotes[] = {"leave it <place>",        "leave the box <place>",      "put it <place>",
                            "hide the parcel <place>", "ring the bell twice",        "hand it to <neighbour>",
                            "give it to <neighbour>",  "knock on the <colour> door", "come to the <colour> gate"};
constexpr Texts kPlaces[] = {"behind the <colour> gate",  "in the <colour> shed", "under the porch",
                             "next to the <colour> bins", "on the back step",     "in the garage",
                             "by the <colour> bench"};
constexpr Texts kNeighbours[] = {"the neighbour on the left", "the neighbour at the corner", "my aunt upstairs",
                                 "the caretaker", "the lady across the road"};
constexpr Texts kColours[] = {"green", "blue", "yellow", "brown", "red", "white"};
constexpr Texts kPhones[] = {"0161 496 0###", "020 7946 0###", "0113 496 0###", "0117 496 0###"};
constexpr Texts kHours[] = {"10", "11", "12", "13", "14", "15", "16", "17", "18"};
constexpr Texts kDays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr Texts kCountries[] = {"France", "Ireland", "Spain", "Norway", "Malta", "Iceland", "Poland"};
constexpr Texts kPayments[] = {"a gift card", "PayPal", "cash", "an American card", "a bank transfer", "a cheque"};
constexpr Texts kPeople[] = {"Mrs Hale", "Mr Okoro", "Tom Price", "Lena Frost", "Sam Patel"};
constexpr Texts kFew[] = {"2", "3", "5", "8", "14", "21"};
constexpr Texts kReturnIds[] = {"R-####"};

constexpr Slot kSlots[] = {
    {"order_id", kOrderIds},   {"item", kItems},           {"store", kStores},  {"reason", kReasons},
    {"query", kQueries},       {"adjective", kAdjectives}, {"thing", kThings},  {"use", kUses},
    {"max_price", kPrices},    {"note", kNotes},           {"place", kPlaces},  {"neighbour", kNeighbours},
    {"colour", kColours},      {"phone", kPhones},         {"hour", kHours},    {"day", kDays},
    {"country", kCountries},   {"payment", kPayments},     {"person", kPeople}, {"few", kFew},
    {"return_id", kReturnIds},
};

constexpr Param kGetOrderParams[] = {{"order_id", ParamType::kString, ""}};
constexpr Outcome kGetOrderOutcomes[] = {
    {R"({"status":"shipped","arrives":"<day>"})", "Order <order_id> has been shipped and should arrive on <day>."},
    {R"({"status":"packed","leaves":"<day>"})", "Order <order_id> is packed and leaves our warehouse on <day>."},
    {R"({"status":"delivered","signed_by":"<person>"})", "Order <order_id> was delivered and signed for by <person>."},
    {R"({"status":"delayed","arrives":"<day>"})", "Order <order_id> is delayed, sorry. It now arrives on <day>."},
};

constexpr Param kSearchParams[] = {{"query", ParamType::kString, ""},
                                   {"max_price", ParamType::kInteger, "in pounds", false}};
constexpr Outcome kSearchOutcomes[] = {
    {R"({"found":<few>,"best_item":<item>})", "I found <few> kinds of <query>; customers like item <item> best."},
    {R"({"found":1,"item":<item>})", "There is one that fits: item <item>."},
    {R"({"found":0})", "Sorry, I found no <query>."},
};

constexpr Param kStockParams[] = {{"item", ParamType::kInteger, ""}, {"store", ParamType::kEnum, ""}};
constexpr Outcome kStockOutcomes[] = {
    {R"({"in_stock":<few>})", "Yes, the <store> store has <few> of item <item>."},
    {R"({"in_stock":0,"next_delivery":"<day>"})", "Item <item> is sold out in <store>; more come on <day>."},
};

constexpr Param kReturnParams[] = {{"order_id", ParamType::kString, ""}, {"reason", ParamType::kEnum, ""}};
constexpr Outcome kReturnOutcomes[] = {
    {R"({"return_id":"<return_id>","label":"emailed"})", "Return <return_id> is open; the label is in your e-mail."},
    {R"({"return_id":"<return_id>","pickup":"<day>"})", "Return <return_id> is open; we collect it on <day>."},
};

constexpr Param kNoteParams[] = {{"order_id", ParamType::kString, ""}, {"note", ParamType::kString, ""}};
constexpr Outcome kNoteOutcomes[] = {
    {R"({"saved":true})", "The driver of <order_id> will see your note."},
    {R"({"saved":false,"why":"already out"})", "Sorry, <order_id> is already out; the driver cannot be reached."},
};

constexpr Param kCallbackParams[] = {{"phone", ParamType::kString, ""}, {"hour", ParamType::kInteger, ""}};
constexpr Outcome kCallbackOutcomes[] = {
    {R"({"planned":true,"agent":"<person>"})", "<person> will call <phone> at <hour>:00."},
    {R"({"planned":true})", "A colleague will call you at <hour>:00."},
};

constexpr Tool kTools[] = {
    {"get_order", "Status of an order", kGetOrderParams, kGetOrderOutcomes, 0.24},
    {"search_products", "Find products, by the customer's words", kSearchParams, kSearchOutcomes, 0.21},
    {"check_stock", "Is an item in stock", kStockParams, kStockOutcomes, 0.19},
    {"return_item", "Return an order", kReturnParams, kReturnOutcomes, 0.19},
    {"delivery_note", "Tell the courier something", kNoteParams, kNoteOutcomes, 0.145},
    {"plan_callback", "Have a colleague phone", kCallbackParams, kCallbackOutcomes, 0.03},
};

}  // namespace

const Domain& shop_domain() {
  static constexpr Domain kDomain{
      .router_prompt =
          "You serve customers of Fernwood, a home and garden shop. Call a tool when the last message needs "
          "one and gives what it requires. Answer details when something that it requires is missing, talk when no "
          "tool is needed.",
      .router_talk = "talk",
      .router_details = "details",
      .rewriter_prompt =
          "Rewrite the customer's last message as one sentence that can be understood without the "
          "conversation before it. Change nothing else.",
      .writer_prompt =
          "You write for Fernwood, a home and garden shop. Answer the customer's question in one or two "
          "short sentences. Use only what the tool returned.",
      .production_model = "atlas-large",
      .slots = kSlots,
      .tools = kTools,
      .wordings = kShopWordings,
  };
  return kDomain;
}

}  // namespace fw::sample
