"""A judge rates shadowed pairs within its budget, and takes a candidate off traffic when it finds its answers worse, but not before
it has rated enough of them; it is not asked about answers that are equal, and what is redacted does not reach it."""
import json
import unittest

import promotion_test
import echo_model
import flywheel

MIN_PAIRS = 40


class Judge(flywheel.StubEndpoint):
    """Rates every answer of the candidate alike: well, or badly."""

    def __init__(self):
        self.finds_good, self.asked = True, []
        super().__init__(self.rate)

    def rate(self, request):
        body = json.dumps(request)
        self.asked.append(body)
        # Both scales: calls are rated 0 or 1, texts 1 to 10.
        is_graded = "from 1 to 10" in body
        worst, best = (1, 10) if is_graded else (0, 1)
        said = {"reason": "", "rating": best if self.finds_good else worst}
        return {"role": "assistant", "content": json.dumps(said)}


class JudgedPromotion(promotion_test.Promotion):
    config = promotion_test.CONFIG.replace("bad_feedback: 0.2}}", "bad_feedback: 0.2, disagreement: 0, judged: 0.2}}").replace(
        "  shadow:", f"  judge: {{{{pairs_per_minute: 6000, concurrency: 8, min_pairs: {MIN_PAIRS}}}}}\n  shadow:") + (
        "llm_judge_config: {{url: '{judge}', model_name: judge}}\n"
        "redact: {{rules: [{{name: secret, pattern: 'zebra-[0-9]+'}}]}}\n")
    test_the_whole_way = None  # stands in the other file
    test_what_cannot_be_is_refused_in_words = None

    @classmethod
    def setUpClass(cls):
        cls.judge = Judge()
        cls.addClassCleanup(cls.judge.close)
        cls.more = {"judge": cls.judge.url}
        super().setUpClass()

    def signed(self):
        # It says every call twice, and texts as production does.
        one = self.promote("propose", self.job, "--upstream", "small", "--model", "repeat", person="ada")["id"]
        self.promote("sign", one, person="bob")
        self.promote("shadow", one, person="op")
        return one

    def judged(self, one):
        progress = self.proposal(one)["progress"]
        return next((gate for gate in (progress or {"gates": []})["gates"] if gate["gate"] == "judged"), None)

    def test_what_the_judge_finds_worse_goes_back(self):
        one = self.signed()
        asked, rated_before = len(self.judge.asked), self.service.metric('flywheel_promotion_judged_total{outcome="rated"}')
        for i in range(30):
            self.ask(i, f"good-{i}")
        flywheel.wait_until(lambda: self.proposal(one)["pairs"]["pairs"] >= 30, 60, "30 pairs")
        gate = self.judged(one)
        self.assertGreater(gate["count"], 0)
        self.assertEqual(gate["mean"], 0)
        pairs = self.service.call("GET", f"/api/promotions/{one}/pairs")[1]["pairs"]
        self.assertEqual(sum(pair["judge"] == 1 for pair in pairs), gate["count"])
        rated = [pair["score"] for pair in pairs if pair["judge"] is not None]
        self.assertEqual(sum(score < 1 for score in rated), len(self.judge.asked) - asked)
        self.assertIn(1, rated, "answers that are equal are as good")
        self.assertEqual(self.service.metric('flywheel_promotion_judged_total{outcome="rated"}') - rated_before, gate["count"])

        # A judge that finds everything worse decides nothing on fewer pairs than it has to rate.
        self.judge.finds_good = False
        for i in range(400):
            if self.stage(one) != "shadow":
                break
            before = self.judged(one)
            if before and before["count"] < MIN_PAIRS:
                self.assertFalse(before["is_failed"])
            self.ask(i, f"bad-{i}")
        flywheel.wait_until(lambda: self.stage(one) == "rolled_back", 30, "the rollback")
        entry = self.service.call("GET", "/api/audit?limit=1")[1]["entries"][0]
        self.assertEqual((entry["person"], entry["action"]), ("flywheel", "promotion.roll_back"))
        self.assertIn("answers that the judge finds worse", entry["reason"])

    def test_what_is_redacted_does_not_reach_the_judge(self):
        one = self.signed()
        asked = len(self.judge.asked)
        question = [{"role": "user", "content": "what became of zebra-77, please"}]
        self.production.production.answers[echo_model.key_of(question, None)][""] = {"role": "assistant", "content": "it was sold"}
        self.send({"messages": question}, "secret-1")
        flywheel.wait_until(lambda: len(self.judge.asked) > asked, 30, "a question to the judge")
        self.assertIn("what became of", self.judge.asked[-1])
        self.assertNotIn("zebra-77", "".join(self.judge.asked))
        self.promote("rollback", one, "--reason", "seen enough", person="op")


if __name__ == "__main__":
    unittest.main()
