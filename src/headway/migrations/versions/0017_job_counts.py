"""How many jobs each owner has of each type and state, counted by the database with every change of a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATE = "case when {row}.status = 'completed' and {row}.outcome = 'partial' then 'partial' else {row}.status end"
NEW, OLD = STATE.format(row="new"), STATE.format(row="old")

FILL = f"""
insert into job_counts (user_id, job_type, state, slot, count)
select job.user_id, job.job_type, {STATE.format(row="job")}, 0, count(*) from background_jobs job group by 1, 2, 3
"""

SQLITE_ADD = """
insert into job_counts (user_id, job_type, state, slot, count) values ({row}.user_id, {row}.job_type, {state}, 0, {change})
on conflict (user_id, job_type, state, slot) do update set count = count + excluded.count;
"""
SQLITE_ONE_MORE = SQLITE_ADD.format(row="new", state=NEW, change=1)
SQLITE_ONE_LESS = SQLITE_ADD.format(row="old", state=OLD, change=-1)
SQLITE = [
    f"create trigger job_counts_insert after insert on background_jobs begin {SQLITE_ONE_MORE} end",
    f"create trigger job_counts_delete after delete on background_jobs begin {SQLITE_ONE_LESS} end",
    f"""
    create trigger job_counts_update after update of user_id, job_type, status, outcome on background_jobs
    when old.user_id <> new.user_id or old.job_type <> new.job_type or ({OLD}) <> ({NEW})
    begin {SQLITE_ONE_LESS} {SQLITE_ONE_MORE} end
    """,
]

# A count is the sum of its slots. Whoever counts takes a slot that nobody holds, or makes one, so that no transaction
# ever waits for another one's end, and none can wait in a circle.
POSTGRESQL = [
    """
    create function headway_add_to_job_counts(owner text, kind text, word text, change bigint) returns void
    language plpgsql as $$
    begin
      update job_counts set count = count + change
      where user_id = owner and job_type = kind and state = word and slot = (
        select slot from job_counts where user_id = owner and job_type = kind and state = word
        limit 1 for update skip locked
      );
      if not found then
        insert into job_counts (user_id, job_type, state, slot, count)
        values (owner, kind, word, txid_current(), change)
        on conflict (user_id, job_type, state, slot) do update set count = job_counts.count + excluded.count;
      end if;
    end $$
    """,
    f"""
    create function headway_count_jobs() returns trigger language plpgsql as $$
    declare part record;
    begin
      for part in
        select job.user_id, job.job_type, {STATE.format(row="job")} as state, count(*) as number
        from changed job group by 1, 2, 3 order by 1, 2, 3
      loop
        perform headway_add_to_job_counts(
          part.user_id, part.job_type, part.state, case tg_op when 'INSERT' then part.number else -part.number end
        );
      end loop;
      return null;
    end $$
    """,
    f"""
    create function headway_recount_job() returns trigger language plpgsql as $$
    begin
      perform headway_add_to_job_counts(old.user_id, old.job_type, {OLD}, -1);
      perform headway_add_to_job_counts(new.user_id, new.job_type, {NEW}, 1);
      return null;
    end $$
    """,
    """
    create trigger job_counts_insert after insert on background_jobs referencing new table as changed
    for each statement execute function headway_count_jobs()
    """,
    """
    create trigger job_counts_delete after delete on background_jobs referencing old table as changed
    for each statement execute function headway_count_jobs()
    """,
    # Looked at only by statements that set one of these columns, which no report of progress does.
    f"""
    create trigger job_counts_update after update of user_id, job_type, status, outcome on background_jobs
    for each row when (
      old.user_id <> new.user_id or old.job_type <> new.job_type or ({OLD}) <> ({NEW})
    ) execute function headway_recount_job()
    """,
]  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "job_counts",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "job_type", "state", "slot", name=op.f("pk_job_counts")),
        postgresql_with={"fillfactor": 50},
    )
    # Before the rows are counted: on PostgreSQL this waits for whoever writes jobs, and holds them until both is done.
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    op.execute(FILL)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("insert", "delete", "update"):
            op.execute(f"drop trigger job_counts_{event}")
    else:
        for event in ("insert", "delete", "update"):
            op.execute(f"drop trigger job_counts_{event} on background_jobs")
        for function in (
            "headway_recount_job()",
            "headway_count_jobs()",
            "headway_add_to_job_counts(text, text, text, bigint)",
        ):
            op.execute(f"drop function {function}")
    op.drop_table("job_counts")
