-- Two roles for the shop: shop_owner makes and changes tables (prepare_database, migrate), and shop_app works with their
-- rows (web and worker) and can change no table. A hole in the shop is then no hole through which tables, triggers and
-- the ledger's protection are taken away.
--
-- compose.yaml runs this once, for a new database. On a server of one's own, and again whenever one likes:
--
--   OWNER_PASSWORD_FILE=… APP_PASSWORD_FILE=… psql -h … -U postgres -d shop -f roles.sql
--
-- Whoever runs it is a superuser, connected to the shop's database. What a former role owns there goes to shop_owner.

\set ON_ERROR_STOP on
\set owner_password `cat "${OWNER_PASSWORD_FILE:-/run/secrets/owner_password}"`
\set app_password `cat "${APP_PASSWORD_FILE:-/run/secrets/app_password}"`
\if :{?schema}
\else
    \set schema sales
\endif

begin;

select 'create role ' || name from unnest(array['shop_owner', 'shop_app']) as name
where not exists (select from pg_roles where rolname = name) \gexec
alter role shop_owner login nosuperuser nocreatedb nocreaterole password :'owner_password';
alter role shop_app login nosuperuser nocreatedb nocreaterole password :'app_password';

alter database :"DBNAME" owner to shop_owner;
revoke create on schema public from public;
create schema if not exists :"schema";
alter schema :"schema" owner to shop_owner;
select format('alter %s %s owner to shop_owner', kind, name) from (
    select case relkind when 'S' then 'sequence' when 'c' then 'type' else 'table' end, oid::regclass::text
    from pg_class
    where relnamespace = :'schema'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'c')
        -- A sequence that belongs to a column goes with its table.
        and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = pg_class.oid and relkind = 'S' and deptype in ('a', 'i')
        )
    union all
    select 'routine', oid::regprocedure::text from pg_proc where pronamespace = :'schema'::regnamespace
    union all
    select 'type', oid::regtype::text from pg_type where typnamespace = :'schema'::regnamespace and typtype in ('e', 'd')
) as owned (kind, name) \gexec

grant usage on schema :"schema" to shop_app;
grant select, insert, update, delete on all tables in schema :"schema" to shop_app;
grant usage on all sequences in schema :"schema" to shop_app;
alter default privileges for role shop_owner in schema :"schema"
    grant select, insert, update, delete on tables to shop_app;
alter default privileges for role shop_owner in schema :"schema" grant usage on sequences to shop_app;

commit;
