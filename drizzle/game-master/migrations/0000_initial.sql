-- The migrator makes the schema first, for its own table.
CREATE SCHEMA IF NOT EXISTS "game_master";
--> statement-breakpoint
CREATE TABLE "game_master"."consumers" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" uuid,
	"held_until" timestamp (3) with time zone,
	"last_error" text,
	"last_error_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "game_master"."dead_letters" (
	"dead_letter_id" uuid PRIMARY KEY NOT NULL,
	"consumer" text NOT NULL,
	"entry_id" text NOT NULL,
	"fields" jsonb NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dead_letters_one_per_entry" UNIQUE("consumer","entry_id")
);
--> statement-breakpoint
CREATE TABLE "game_master"."final_views" (
	"game_id" uuid NOT NULL,
	"audience" text NOT NULL,
	"view" json NOT NULL,
	CONSTRAINT "final_views_pkey" PRIMARY KEY("game_id","audience")
);
--> statement-breakpoint
CREATE TABLE "game_master"."games" (
	"game_id" uuid PRIMARY KEY NOT NULL,
	"runtime_job_id" uuid NOT NULL,
	"container_id" text NOT NULL,
	"engine_endpoint" text NOT NULL,
	"game_name" text NOT NULL,
	"owner_user_id" uuid,
	"turn_schedule" text,
	"time_zone" text NOT NULL,
	"turn_seconds" integer,
	"early" text NOT NULL,
	"spectators" boolean NOT NULL,
	"options" jsonb NOT NULL,
	"registered_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seed" "bytea" NOT NULL,
	"manifest" jsonb,
	"status" text NOT NULL,
	"lobby_revision" integer DEFAULT 0 NOT NULL,
	"paused_at" timestamp (3) with time zone,
	"remaining_ms" bigint,
	"phase" text NOT NULL,
	"played_turn" integer DEFAULT 0 NOT NULL,
	"opened_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"close_reason" text,
	"awaiting" integer[] DEFAULT '{}' NOT NULL,
	"orders_bytes" integer DEFAULT 0 NOT NULL,
	"stats" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"result" jsonb,
	"engine_health" text DEFAULT 'ok' NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"claimed_by" uuid,
	"claim_token" uuid,
	"report_seq" bigint DEFAULT 0 NOT NULL,
	"readiness_reported_at" timestamp (3) with time zone,
	"readiness_changed" boolean DEFAULT false NOT NULL,
	CONSTRAINT "games_phase_known" CHECK (phase in ('setting_up', 'open', 'closed', 'over')),
	CONSTRAINT "games_status_known" CHECK (status in ('running', 'paused', 'finished', 'cancelled')),
	CONSTRAINT "games_early_known" CHECK (early in ('all_ready', 'off')),
	CONSTRAINT "games_health_known" CHECK (engine_health in ('ok', 'unreachable', 'faulty', 'state_lost', 'unsupported')),
	CONSTRAINT "games_close_reason_known" CHECK (close_reason in ('all_ready', 'due')),
	CONSTRAINT "games_one_clock" CHECK (("game_master"."games"."turn_schedule" is null) <> ("game_master"."games"."turn_seconds" is null)),
	CONSTRAINT "games_closed_with_reason" CHECK (("game_master"."games"."phase" = 'closed') = ("game_master"."games"."close_reason" is not null)),
	CONSTRAINT "games_claim_whole" CHECK (("game_master"."games"."claimed_by" is null) = ("game_master"."games"."claim_token" is null))
);
--> statement-breakpoint
CREATE TABLE "game_master"."idempotency_keys" (
	"actor" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"response" json,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("actor","key")
);
--> statement-breakpoint
CREATE TABLE "game_master"."orders" (
	"game_id" uuid NOT NULL,
	"seat" integer NOT NULL,
	"turn" integer NOT NULL,
	"orders" json NOT NULL,
	"bytes" integer NOT NULL,
	"ready" boolean NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "orders_pkey" PRIMARY KEY("game_id","seat")
);
--> statement-breakpoint
CREATE TABLE "game_master"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "game_master"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"ordering_key" text NOT NULL,
	"payload" jsonb NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "game_master"."processed_entries" (
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "processed_entries_pkey" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "game_master"."seats" (
	"game_id" uuid NOT NULL,
	"seat" integer NOT NULL,
	"user_id" uuid,
	"label" text NOT NULL,
	"vacated_at" timestamp (3) with time zone,
	"vacant" boolean DEFAULT false NOT NULL,
	"vacancy_told" boolean DEFAULT false NOT NULL,
	CONSTRAINT "seats_pkey" PRIMARY KEY("game_id","seat")
);
--> statement-breakpoint
CREATE TABLE "game_master"."turns" (
	"game_id" uuid NOT NULL,
	"turn" integer NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone NOT NULL,
	"close_reason" text NOT NULL,
	"outcomes" jsonb NOT NULL,
	"played_at" timestamp (3) with time zone,
	CONSTRAINT "turns_pkey" PRIMARY KEY("game_id","turn")
);
--> statement-breakpoint
CREATE TABLE "game_master"."workers" (
	"worker_id" uuid PRIMARY KEY NOT NULL,
	"alive_until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "game_master"."final_views" ADD CONSTRAINT "final_views_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "game_master"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "game_master"."orders" ADD CONSTRAINT "orders_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "game_master"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "game_master"."seats" ADD CONSTRAINT "seats_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "game_master"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "game_master"."turns" ADD CONSTRAINT "turns_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "game_master"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letters_by_age" ON "game_master"."dead_letters" USING btree ("created_at","dead_letter_id");--> statement-breakpoint
CREATE INDEX "games_due" ON "game_master"."games" USING btree ("next_attempt_at") WHERE next_attempt_at is not null and claimed_by is null and failures = 0;--> statement-breakpoint
CREATE INDEX "games_due_after_failure" ON "game_master"."games" USING btree ("next_attempt_at") WHERE next_attempt_at is not null and claimed_by is null and failures > 0;--> statement-breakpoint
CREATE INDEX "games_claimed" ON "game_master"."games" USING btree ("claimed_by") WHERE claimed_by is not null;--> statement-breakpoint
CREATE INDEX "games_not_over" ON "game_master"."games" USING btree ("engine_health") WHERE phase <> 'over';--> statement-breakpoint
CREATE INDEX "games_readiness_changed" ON "game_master"."games" USING btree ("readiness_reported_at") WHERE readiness_changed;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "game_master"."idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "game_master"."outbox" USING btree ("ordering_key","position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "game_master"."outbox" USING btree ("position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "game_master"."outbox" USING btree ("published_at") WHERE published_at is not null;--> statement-breakpoint
CREATE INDEX "processed_entries_by_age" ON "game_master"."processed_entries" USING btree ("processed_at");