CREATE TABLE "lobby"."withheld_race_names" (
	"withheld_name_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"folded" text NOT NULL,
	"skeleton" text NOT NULL,
	"reason" text NOT NULL,
	"withheld_by" text,
	"withheld_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "withheld_race_names_folded" UNIQUE("folded"),
	CONSTRAINT "withheld_race_names_skeleton" UNIQUE("skeleton")
);
--> statement-breakpoint
CREATE INDEX "withheld_race_names_newest" ON "lobby"."withheld_race_names" USING btree ("withheld_at","withheld_name_id");