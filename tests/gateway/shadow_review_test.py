"""What a promoted model answers otherwise than production on live traffic is put before people, in the review of its run, redacted,
no more of it than is wanted; and an erasure by a text takes it away again."""
import json
import unittest

import promotion_test
import flywheel

MOST = 4


class ShadowReview(promotion_test.Promotion):
    # What was evaluated answered as production does, so that the run opened no review; what the gateway asks does not.
    config = promotion_test.CONFIG.replace("{{name: small, url: '{candidate}'}}", "{{name: small, url: '{odd}'}}").replace(
        "bad_feedback: 0.2}}", "bad_feedback: 0.2, disagreement: 0}}") + (
        "review: {{open: always, max_shadow_rows: %d}}\n"
        "redact: {{rules: [{{name: secret, pattern: 'zebra-[0-9]+'}}]}}\n" % MOST)
    test_the_whole_way = None  # stands in the other file
    test_what_cannot_be_is_refused_in_words = None

    @classmethod
    def setUpClass(cls):
        cls.odd = flywheel.StubEndpoint("Ask Ada Quill about zebra-77.")
        cls.addClassCleanup(cls.odd.close)
        cls.more = {"odd": cls.odd.url}
        super().setUpClass()

    def wait_for_divergences(self, count):
        """Until so many are in a review, or left out."""
        seen = lambda: sum(self.service.metric('flywheel_review_divergences_total{outcome="%s"}' % outcome) for outcome in ("taken", "left_out"))
        flywheel.wait_until(lambda: seen() == count, 60, f"{count} divergences")

    def review(self, query=""):
        reviews = self.service.call("GET", "/api/reviews")[1]["reviews"]
        if not reviews:
            return None
        self.assertEqual([one["job_id"] for one in reviews], [self.job])
        return self.service.call("GET", f"/api/reviews/{reviews[0]['id']}{query}")[1]

    def test_what_differs_on_live_traffic_is_judged_and_erased(self):
        self.assertIsNone(self.review())
        one = self.promote("propose", self.job, "--upstream", "small", person="ada")["id"]
        self.promote("sign", one, person="bob")
        self.promote("shadow", one, person="op")
        for i in range(12):
            self.ask(i, f"live-{i}")
        self.wait_for_divergences(12)
        self.assertEqual(len(self.review()["queue"]), MOST)
        self.assertEqual(len(self.review("?source=evaluation")["queue"]), 0)
        review = self.review("?source=shadow&person=eve")
        self.assertEqual({row["source"] for row in review["queue"]}, {"shadow"})
        record = review["queue"][0]["record_id"]
        self.assertEqual(self.service.call("GET", f"/api/traffic/{record}")[0], 200)
        path = f"/api/reviews/{review['id']}/items/{record}"
        card = self.service.call("GET", f"{path}?person=eve&reveal=1")[1]
        self.assertIn("Ada Quill", json.dumps(card[card["revealed"]["candidate"]]))
        self.assertNotIn("zebra-77", json.dumps(card))

        # A verdict is counted apart, and makes room for one more.
        labelled = self.service.call("POST", f"{path}/labels", {"person": "eve", "verdict": "production_better"})
        self.assertEqual(labelled[0], 200)
        self.assertEqual((self.review()["shadow"]["judged"], self.review()["shadow"]["as_good"], self.review()["quality"]), (1, 0, None))
        for i in range(4):
            self.ask(i, f"more-{i}")
        self.wait_for_divergences(16)
        self.assertEqual(self.review()["shadow"]["items"], MOST + 1)

        # The text stands in the candidate's answers alone; no record has it.
        self.promote("rollback", one, "--reason", "seen enough", person="op")
        erased = self.service.call("POST", "/api/log/erasures", {"containing": "Ada Quill", "dry_run": False, "person": "op"})[1]
        self.assertEqual((erased["records"], erased["traces"]["review_rows"]), (0, MOST + 1))
        self.assertEqual((self.review()["queue"], self.review()["shadow"]), ([], None))


if __name__ == "__main__":
    unittest.main()
