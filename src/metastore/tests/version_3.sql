-- What a service wrote at version 3, as SQLite's .dump gives it: one job that ended, whose webhook is still to be sent, one that
-- was cut off in its evaluation and one that had not begun. What steps gave and what jobs ran with is left out: empty objects.
PRAGMA application_id = 1180125260;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used INTEGER,
  revoked_at INTEGER
) STRICT;
CREATE TABLE attempts (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id TEXT NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;
INSERT INTO "attempts" VALUES(1,'edb98e2277e53ed3d7b306058394db26',1795775025251278336,0,'http://127.0.0.1:9: connection refused; is the server running, and is this its port?');
CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  secret_env TEXT NOT NULL,
  body TEXT NOT NULL,
  max_attempts INTEGER NOT NULL,
  status INTEGER NOT NULL
) STRICT;
INSERT INTO "deliveries" VALUES(1,'edb98e2277e53ed3d7b306058394db26','824c62f11e3c300e36fbac95','http://127.0.0.1:9/hook','HOOK_SECRET','{"version":1,"event":"job.finished","job_id":"824c62f11e3c300e36fbac95","workload_id":"router","client_id":"demo","status":"completed","decision":"not_decided","finished_at":"2026-11-27T10:23:44.998933","error":null,"promising_models":[],"report_url":"http://127.0.0.1:34381/api/jobs/824c62f11e3c300e36fbac95/report"}',5,0);
CREATE TABLE events (
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',1,1795775025321693545,'job','{"at":"2026-11-27T10:23:45.321693","candidates":[{"customization_enabled":false,"model_name":"stub"}],"client_id":"demo","dataset_stamp":1795775025,"event":"job-created","judge_model":null,"seed":1,"workload_id":"router"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',2,1795775025326442897,'job','{"at":"2026-11-27T10:23:45.326442","event":"job-started"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',3,1795775025336198114,'stage','{"at":"2026-11-27T10:23:45.336198","candidate":null,"event":"stage-started","stage":"datasets"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',4,1795775025533343030,'stage','{"at":"2026-11-27T10:23:45.533343","candidate":null,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.188679808,"stage":"datasets"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',5,1795775025541795121,'stage','{"at":"2026-11-27T10:23:45.541795","candidate":0,"event":"stage-started","stage":"deploy"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',6,1795775025544594183,'stage','{"at":"2026-11-27T10:23:45.544594","candidate":0,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.000631721,"stage":"deploy"}');
INSERT INTO "events" VALUES('047c7d2488f089a242dd93c6',7,1795775025546958219,'stage','{"at":"2026-11-27T10:23:45.546958","candidate":0,"event":"stage-started","stage":"base-eval"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',1,1795775023755304643,'job','{"at":"2026-11-27T10:23:43.755304","candidates":[{"customization_enabled":false,"model_name":"stub"}],"client_id":"demo","dataset_stamp":1795775023,"event":"job-created","judge_model":null,"seed":1,"workload_id":"router"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',2,1795775023834592302,'job','{"at":"2026-11-27T10:23:43.834592","event":"job-started"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',3,1795775023838361605,'stage','{"at":"2026-11-27T10:23:43.838361","candidate":null,"event":"stage-started","stage":"datasets"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',4,1795775024010900889,'stage','{"at":"2026-11-27T10:23:44.010900","candidate":null,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.168281323,"stage":"datasets"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',5,1795775024014419008,'stage','{"at":"2026-11-27T10:23:44.014419","candidate":0,"event":"stage-started","stage":"deploy"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',6,1795775024020865910,'stage','{"at":"2026-11-27T10:23:44.020865","candidate":0,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.0047736,"stage":"deploy"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',7,1795775024023078910,'stage','{"at":"2026-11-27T10:23:44.023078","candidate":0,"event":"stage-started","stage":"base-eval"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',8,1795775024463360429,'stage','{"at":"2026-11-27T10:23:44.463360","candidate":0,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.438572855,"stage":"base-eval"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',9,1795775024477982354,'stage','{"at":"2026-11-27T10:23:44.477982","candidate":0,"event":"stage-started","stage":"icl-eval"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',10,1795775024980563417,'stage','{"at":"2026-11-27T10:23:44.980563","candidate":0,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":0.500334668,"stage":"icl-eval"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',11,1795775024991495064,'stage','{"at":"2026-11-27T10:23:44.991495","candidate":0,"error":null,"event":"stage-finished","outcome":{},"runtime_seconds":3.674e-06,"stage":"undeploy"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',12,1795775024991826594,'candidate','{"at":"2026-11-27T10:23:44.991826","candidate":0,"error":null,"event":"candidate-finished","status":"completed"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',13,1795775024996192595,'stage','{"at":"2026-11-27T10:23:44.996192","candidate":null,"event":"stage-started","stage":"report"}');
INSERT INTO "events" VALUES('824c62f11e3c300e36fbac95',14,1795775024998933187,'job','{"at":"2026-11-27T10:23:44.998933","error":null,"event":"job-finished","status":"completed"}');
INSERT INTO "events" VALUES('d20dcd13b536116b2cf1846f',1,1795775025327509195,'job','{"at":"2026-11-27T10:23:45.327509","candidates":[{"customization_enabled":false,"model_name":"stub"}],"client_id":"demo","dataset_stamp":1795775026,"event":"job-created","judge_model":null,"seed":1,"workload_id":"router"}');
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  config TEXT NOT NULL,
  is_finished INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  delete_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "jobs" VALUES('824c62f11e3c300e36fbac95',1795775023755304643,'{}',1,0,0);
INSERT INTO "jobs" VALUES('047c7d2488f089a242dd93c6',1795775025321693545,'{}',0,0,0);
INSERT INTO "jobs" VALUES('d20dcd13b536116b2cf1846f',1795775025327509195,'{}',0,0,0);
CREATE TABLE passed_over (job_id TEXT PRIMARY KEY) STRICT;
CREATE TABLE review_items (
  review_id TEXT NOT NULL REFERENCES reviews(id) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  head TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (review_id, record_id)
) STRICT;
CREATE TABLE review_labels (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  review_id TEXT NOT NULL,
  record_id TEXT NOT NULL,
  person TEXT NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL,
  FOREIGN KEY (review_id, record_id) REFERENCES review_items(review_id, record_id) ON DELETE CASCADE
) STRICT;
CREATE TABLE reviews (
  id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE TABLE steps (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  error_code INTEGER,
  error_message TEXT,
  recorded_at INTEGER NOT NULL,
  UNIQUE (job_id, key)
) STRICT;
INSERT INTO "steps" VALUES(1,'824c62f11e3c300e36fbac95','datasets','{}',NULL,NULL,1795775024010900889);
INSERT INTO "steps" VALUES(2,'824c62f11e3c300e36fbac95','candidate/0/base-eval','{}',NULL,NULL,1795775024463360429);
INSERT INTO "steps" VALUES(3,'824c62f11e3c300e36fbac95','candidate/0/icl-eval','{}',NULL,NULL,1795775024980563417);
INSERT INTO "steps" VALUES(4,'047c7d2488f089a242dd93c6','datasets','{}',NULL,NULL,1795775025533343030);
CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE INDEX attempts_by_delivery ON attempts (delivery_id);
CREATE INDEX review_labels_by_review ON review_labels (review_id);
COMMIT;
