-- The migrator makes the schema first, for its own table.
CREATE SCHEMA IF NOT EXISTS "lobby";
--> statement-breakpoint
CREATE TABLE "lobby"."applications" (
	"application_id" uuid PRIMARY KEY NOT NULL,
	"game_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"race_name" text NOT NULL,
	"status" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"decided_at" timestamp (3) with time zone,
	CONSTRAINT "applications_status_known" CHECK ("lobby"."applications"."status" in ('pending', 'approved', 'rejected', 'withdrawn', 'cancelled')),
	CONSTRAINT "applications_decided_unless_pending" CHECK (("lobby"."applications"."status" = 'pending') = ("lobby"."applications"."decided_at" is null))
);
--> statement-breakpoint
CREATE TABLE "lobby"."games" (
	"game_id" uuid PRIMARY KEY NOT NULL,
	"game_type" text NOT NULL,
	"owner_user_id" uuid,
	"game_name" text NOT NULL,
	"description" text NOT NULL,
	"status" text NOT NULL,
	"min_players" integer NOT NULL,
	"max_players" integer NOT NULL,
	"start_gap_hours" integer NOT NULL,
	"start_gap_players" integer NOT NULL,
	"enrollment_ends_at" timestamp (3) with time zone NOT NULL,
	"opened_at" timestamp (3) with time zone,
	"gap_opened_at" timestamp (3) with time zone,
	"turn_schedule" text NOT NULL,
	"time_zone" text NOT NULL,
	"target_engine_version" text NOT NULL,
	"current_turn" integer,
	"runtime_status" text,
	"engine_health" text,
	"snapshot_at" timestamp (3) with time zone,
	"runtime_job_id" uuid,
	"container_id" text,
	"engine_endpoint" text,
	"bound_at" timestamp (3) with time zone,
	"registered_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"revision" integer NOT NULL,
	"active_members" integer NOT NULL,
	"closing_due_at" timestamp (3) with time zone GENERATED ALWAYS AS (least(
        case when "lobby"."games"."active_members" >= "lobby"."games"."min_players" then "lobby"."games"."enrollment_ends_at" end,
        case when "lobby"."games"."active_members" >= "lobby"."games"."max_players" + "lobby"."games"."start_gap_players" then "lobby"."games"."gap_opened_at" end,
        case when "lobby"."games"."active_members" >= "lobby"."games"."max_players" then
          ("lobby"."games"."gap_opened_at" at time zone 'UTC' + "lobby"."games"."start_gap_hours" * interval '1 hour') at time zone 'UTC' end
      )) STORED,
	"words" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace("lobby"."games"."game_name" || ' ' || "lobby"."games"."description", '[[:punct:]]+', ' ', 'g'))) STORED,
	CONSTRAINT "games_type_known" CHECK ("lobby"."games"."game_type" in ('public', 'private')),
	CONSTRAINT "games_status_known" CHECK ("lobby"."games"."status" in ('draft', 'enrollment_open', 'ready_to_start', 'starting', 'start_failed', 'running', 'paused', 'finished', 'cancelled')),
	CONSTRAINT "games_private_has_owner" CHECK ("lobby"."games"."game_type" = 'public' or "lobby"."games"."owner_user_id" is not null),
	CONSTRAINT "games_name_length" CHECK (char_length("lobby"."games"."game_name") between 3 and 60),
	CONSTRAINT "games_description_length" CHECK (char_length("lobby"."games"."description") between 0 and 2000),
	CONSTRAINT "games_min_players" CHECK ("lobby"."games"."min_players" between 2 and 1000),
	CONSTRAINT "games_max_players" CHECK ("lobby"."games"."max_players" between 2 and 1000),
	CONSTRAINT "games_players_ordered" CHECK ("lobby"."games"."max_players" >= "lobby"."games"."min_players"),
	CONSTRAINT "games_start_gap_hours" CHECK ("lobby"."games"."start_gap_hours" between 0 and 336),
	CONSTRAINT "games_start_gap_players" CHECK ("lobby"."games"."start_gap_players" between 0 and 100),
	CONSTRAINT "games_turn_schedule_length" CHECK (char_length("lobby"."games"."turn_schedule") between 0 and 100),
	CONSTRAINT "games_time_zone_length" CHECK (char_length("lobby"."games"."time_zone") between 0 and 64),
	CONSTRAINT "games_engine_version_length" CHECK (char_length("lobby"."games"."target_engine_version") between 0 and 64),
	CONSTRAINT "games_not_overfull" CHECK ("lobby"."games"."active_members" between 0 and "lobby"."games"."max_players"
        + case when "lobby"."games"."gap_opened_at" is null then 0 else "lobby"."games"."start_gap_players" end),
	CONSTRAINT "games_opened_unless_draft" CHECK ("lobby"."games"."opened_at" is not null or "lobby"."games"."status" in ('draft', 'cancelled')),
	CONSTRAINT "games_revision_positive" CHECK ("lobby"."games"."revision" > 0)
);
--> statement-breakpoint
CREATE TABLE "lobby"."idempotency_keys" (
	"actor" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"answer" json,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("actor","key")
);
--> statement-breakpoint
CREATE TABLE "lobby"."invites" (
	"invite_id" uuid PRIMARY KEY NOT NULL,
	"game_id" uuid NOT NULL,
	"user_id" uuid,
	"code" text,
	"max_uses" integer NOT NULL,
	"uses" integer NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"status" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"decided_at" timestamp (3) with time zone,
	CONSTRAINT "invites_code" UNIQUE("code"),
	CONSTRAINT "invites_status_known" CHECK ("lobby"."invites"."status" in ('pending', 'redeemed', 'declined', 'revoked', 'expired', 'cancelled')),
	CONSTRAINT "invites_decided_unless_pending" CHECK (("lobby"."invites"."status" = 'pending') = ("lobby"."invites"."decided_at" is null)),
	CONSTRAINT "invites_user_or_code" CHECK (("lobby"."invites"."user_id" is null) = ("lobby"."invites"."code" is not null)),
	CONSTRAINT "invites_code_expires" CHECK (("lobby"."invites"."code" is null) = ("lobby"."invites"."expires_at" is null)),
	CONSTRAINT "invites_max_uses" CHECK ("lobby"."invites"."max_uses" between 1 and 1000),
	CONSTRAINT "invites_uses" CHECK ("lobby"."invites"."uses" between 0 and "lobby"."invites"."max_uses")
);
--> statement-breakpoint
CREATE TABLE "lobby"."memberships" (
	"membership_id" uuid PRIMARY KEY NOT NULL,
	"game_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"race_name" text NOT NULL,
	"status" text NOT NULL,
	"joined_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "memberships_status_known" CHECK ("lobby"."memberships"."status" in ('active', 'left', 'removed', 'blocked')),
	CONSTRAINT "memberships_ended_unless_active" CHECK (("lobby"."memberships"."status" = 'active') = ("lobby"."memberships"."ended_at" is null))
);
--> statement-breakpoint
CREATE TABLE "lobby"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "lobby"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
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
CREATE TABLE "lobby"."race_name_keys" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"user_id" uuid NOT NULL,
	CONSTRAINT "race_name_keys_pkey" PRIMARY KEY("kind","key"),
	CONSTRAINT "race_name_keys_kind_known" CHECK ("lobby"."race_name_keys"."kind" in ('folded', 'skeleton'))
);
--> statement-breakpoint
CREATE TABLE "lobby"."race_names" (
	"race_name_id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"user_id" uuid NOT NULL,
	"game_id" uuid NOT NULL,
	"name" text NOT NULL,
	"folded" text NOT NULL,
	"skeleton" text NOT NULL,
	"held_since" timestamp (3) with time zone NOT NULL,
	"register_until" timestamp (3) with time zone,
	"registered_at" timestamp (3) with time zone,
	CONSTRAINT "race_names_one_per_user_and_game" UNIQUE("game_id","user_id"),
	CONSTRAINT "race_names_kind_known" CHECK ("lobby"."race_names"."kind" in ('reservation', 'pending_registration', 'registered')),
	CONSTRAINT "race_names_window_while_pending" CHECK (("lobby"."race_names"."kind" = 'pending_registration') = ("lobby"."race_names"."register_until" is not null)),
	CONSTRAINT "race_names_registered_at_some_time" CHECK (("lobby"."race_names"."kind" = 'registered') = ("lobby"."race_names"."registered_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "lobby"."timeline" (
	"entry_id" uuid PRIMARY KEY NOT NULL,
	"game_id" uuid NOT NULL,
	"revision" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"trigger" text NOT NULL,
	"actor" text NOT NULL,
	"actor_id" text,
	"from_status" text NOT NULL,
	"to_status" text NOT NULL,
	"reason" text,
	CONSTRAINT "timeline_by_game" UNIQUE("game_id","revision"),
	CONSTRAINT "timeline_trigger_known" CHECK ("lobby"."timeline"."trigger" in ('open_enrollment', 'close_enrollment', 'deadline', 'gap', 'start', 'retry_start', 'runtime_ready', 'runtime_unregistered', 'runtime_failed', 'start_timeout', 'pause', 'resume', 'game_finished', 'cancel', 'external_block')),
	CONSTRAINT "timeline_actor_known" CHECK ("lobby"."timeline"."actor" in ('owner', 'admin', 'worker', 'approval', 'job_result', 'gm_event', 'lifecycle_event')),
	CONSTRAINT "timeline_from_known" CHECK ("lobby"."timeline"."from_status" in ('draft', 'enrollment_open', 'ready_to_start', 'starting', 'start_failed', 'running', 'paused', 'finished', 'cancelled')),
	CONSTRAINT "timeline_to_known" CHECK ("lobby"."timeline"."to_status" in ('draft', 'enrollment_open', 'ready_to_start', 'starting', 'start_failed', 'running', 'paused', 'finished', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "lobby"."user_guards" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"gone_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "lobby"."applications" ADD CONSTRAINT "applications_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lobby"."invites" ADD CONSTRAINT "invites_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lobby"."memberships" ADD CONSTRAINT "memberships_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lobby"."race_names" ADD CONSTRAINT "race_names_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lobby"."timeline" ADD CONSTRAINT "timeline_game_id_games_game_id_fk" FOREIGN KEY ("game_id") REFERENCES "lobby"."games"("game_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "applications_one_pending" ON "lobby"."applications" USING btree ("game_id","user_id") WHERE "lobby"."applications"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "applications_by_game" ON "lobby"."applications" USING btree ("game_id","created_at","application_id");--> statement-breakpoint
CREATE INDEX "applications_by_user" ON "lobby"."applications" USING btree ("user_id","created_at","application_id");--> statement-breakpoint
CREATE INDEX "games_newest" ON "lobby"."games" USING btree ("created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_newest_by_status" ON "lobby"."games" USING btree ("status","created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_newest_by_engine_version" ON "lobby"."games" USING btree ("target_engine_version","created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_ending_soon" ON "lobby"."games" USING btree ("enrollment_ends_at","game_id") WHERE "lobby"."games"."status" = 'enrollment_open';--> statement-breakpoint
CREATE INDEX "games_closing_due" ON "lobby"."games" USING btree ("closing_due_at") WHERE "lobby"."games"."status" = 'enrollment_open' and "lobby"."games"."closing_due_at" is not null;--> statement-breakpoint
CREATE INDEX "games_by_owner" ON "lobby"."games" USING btree ("owner_user_id","created_at","game_id");--> statement-breakpoint
CREATE INDEX "games_words" ON "lobby"."games" USING gin ("words");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "lobby"."idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invites_one_pending" ON "lobby"."invites" USING btree ("game_id","user_id") WHERE "lobby"."invites"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "invites_by_game" ON "lobby"."invites" USING btree ("game_id","created_at","invite_id");--> statement-breakpoint
CREATE INDEX "invites_by_user" ON "lobby"."invites" USING btree ("user_id","created_at","invite_id");--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_one_active" ON "lobby"."memberships" USING btree ("game_id","user_id") WHERE "lobby"."memberships"."status" = 'active';--> statement-breakpoint
CREATE INDEX "memberships_by_game" ON "lobby"."memberships" USING btree ("game_id","joined_at","membership_id");--> statement-breakpoint
CREATE INDEX "memberships_by_user" ON "lobby"."memberships" USING btree ("user_id","joined_at","membership_id");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "lobby"."outbox" USING btree ("ordering_key","position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "lobby"."outbox" USING btree ("position") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "lobby"."outbox" USING btree ("published_at") WHERE published_at is not null;--> statement-breakpoint
CREATE INDEX "race_names_by_folded" ON "lobby"."race_names" USING btree ("folded");--> statement-breakpoint
CREATE INDEX "race_names_by_skeleton" ON "lobby"."race_names" USING btree ("skeleton");--> statement-breakpoint
CREATE INDEX "race_names_by_user" ON "lobby"."race_names" USING btree ("user_id","held_since","race_name_id");