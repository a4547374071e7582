%% What does Erlang's own supervisor do in these scenarios? Reads terms from the file named by the
%% environment variable SCENARIOS and prints one line of JSON for each: what was seen of its start, of
%% each of its steps, and of its stop.
-module(scenarios).
-behaviour(supervisor).

-export([main/0, init/1, start_worker/2, worker/2, monotonic_time/1]).

-define(TABLE, ?MODULE).
-define(DYNAMIC, 'Elixir.DynamicSupervisor').
-define(PATIENCE, 10000).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    put_clock_into(supervisor),
    code:ensure_loaded(?DYNAMIC) =:= {module, ?DYNAMIC} andalso put_clock_into(?DYNAMIC),
    {ok, Scenarios} = file:consult(os:getenv("SCENARIOS")),
    lists:foreach(fun(Scenario) -> io:put_chars([json(play(Scenario)), $\n]) end, Scenarios),
    halt(0).

%% ---- One scenario

play({Root, Plans, Steps}) ->
    ?TABLE = ets:new(?TABLE, [named_table, public, ordered_set]),
    ets:insert(?TABLE, {now, 1000}),
    lists:foreach(fun run/1, Plans),
    Top = case supervisor:start_link(?MODULE, Root) of
        {ok, Pid} -> Pid;
        _ -> none
    end,
    put(top, Top),
    First = observe([]),
    Rest = [observe(run(Step)) || Step <- Steps],
    Top =/= none andalso end_process(Top, fun() -> exit(Top, shutdown) end),
    Last = observe([]),
    [] = [Key || {{pid, Key}, Started} <- ets:tab2list(?TABLE), is_process_alive(Started)],
    ets:delete(?TABLE),
    [First] ++ Rest ++ [Last].

run({plan, Key, Outcomes}) ->
    ets:insert(?TABLE, {{plan, Key}, Outcomes}),
    [];
run({advance, Seconds}) ->
    ets:update_counter(?TABLE, now, Seconds),
    [];
run({batch, none, []}) ->
    Top = get(top),
    end_process(Top, fun() -> sys:terminate(Top, crash) end),
    [];
run({batch, Boss, [Item]}) ->
    results([item(find(Boss), Item)]);
run({batch, Boss, Items}) ->
    Pid = find(Boss),
    ok = sys:suspend(Pid),
    Callers = [suspended_item(Pid, Item) || Item <- Items],
    ok = sys:resume(Pid),
    results(Callers).

%% Comes back when the message that the item makes has arrived, so that they keep their order.
suspended_item(Boss, Item) ->
    Before = queued(Boss),
    Caller = item(Boss, Item),
    Caller =:= absent orelse wait(fun() -> queued(Boss) > Before end),
    Caller.

queued(Pid) ->
    {message_queue_len, Count} = process_info(Pid, message_queue_len),
    Count.

item(_Boss, {'end', Key, worker, Reason}) ->
    case find(Key) of
        absent -> absent;
        Pid -> end_process(Pid, fun() -> Pid ! {end_with, Reason} end), ended
    end;
item(_Boss, {'end', Key, supervisor, Reason}) ->
    case find(Key) of
        absent -> absent;
        Pid -> end_process(Pid, fun() -> sys:terminate(Pid, Reason) end), ended
    end;
item(Boss, {call, Call}) ->
    spawn_monitor(fun() -> exit({result, call(Boss, Call)}) end).

end_process(Pid, Order) ->
    Monitor = monitor(process, Pid),
    Order(),
    receive {'DOWN', Monitor, process, Pid, _} -> ok after ?PATIENCE -> exit({alive, Pid}) end.

call(Boss, {start_child, Child}) -> word(supervisor:start_child(Boss, specification(Child)));
call(Boss, {start_dynamic, Child}) -> word(?DYNAMIC:start_child(Boss, specification(Child)));
call(Boss, {terminate_dynamic, Key}) -> word(?DYNAMIC:terminate_child(Boss, last(Key)));
call(Boss, {What, Key}) -> word(supervisor:What(Boss, Key)).

word(ok) -> ok;
word(ignore) -> ignore;
word({ok, undefined}) -> ignore;
word({ok, _}) -> ok;
word({error, {already_started, _}}) -> already_started;
word({error, Word}) when is_atom(Word), Word =/= failed -> Word;
word({error, _}) -> fail.

results(Items) ->
    [receive
         {'DOWN', Monitor, process, _, {result, Result}} -> Result;
         {'DOWN', Monitor, process, _, _} -> dead
     after ?PATIENCE -> exit(no_answer)
     end || {_, Monitor} <- Items].

find(Key) ->
    case ets:lookup(?TABLE, {pid, Key}) of
        [{_, Pid}] -> case is_process_alive(Pid) of true -> Pid; false -> absent end;
        [] -> absent
    end.

%% Whom a dynamic supervisor knows, or knew; for a child that never was, somebody else.
last(Key) ->
    case ets:lookup(?TABLE, {pid, Key}) of
        [{_, Pid}] -> Pid;
        [] -> self()
    end.

%% ---- What can be seen

observe(Results) ->
    wait(fun() -> families() =/= busy end),
    Families = families(),
    Events = [Event || {{event, _}, Event} <- ets:tab2list(?TABLE)],
    ets:match_delete(?TABLE, {{event, '_'}, '_'}),
    {Events, Results, Families}.

families() ->
    Top = get(top),
    case Top =/= none andalso is_process_alive(Top) of
        false -> [];
        true -> try family(0, Top) catch throw:busy -> busy end
    end.

%% A supervisor is at rest when it neither has anything to do, nor waits for a child, nor takes one
%% for alive that is not.
family(Key, Pid) ->
    Children = lists:reverse(ask(Pid, which_children)),
    Figures = [Figure || {_, Figure} <- ask(Pid, count_children)],
    process_info(Pid, message_queue_len) =:= {message_queue_len, 0} orelse throw(busy),
    lists:any(fun is_busy/1, Children) andalso throw(busy),
    States = [{key(Id, Child), state(Child)} || {Id, Child, _, _} <- Children],
    Below = [family(Id, Child) || {Id, Child, supervisor, _} <- Children, is_pid(Child)],
    [{Key, States, Figures} | lists:append(Below)].

%% The children of a dynamic supervisor have no order, and no names.
key(undefined, Pid) -> [[Key]] = ets:match(?TABLE, {{pid, '$1'}, Pid}), Key;
key(Id, _) -> Id.

ask(Pid, Question) ->
    try supervisor:Question(Pid) catch exit:_ -> throw(busy) end.

is_busy({_, restarting, _, _}) -> true;
is_busy({_, undefined, _, _}) -> false;
is_busy({_, Pid, _, _}) -> not is_process_alive(Pid).

state(Pid) when is_pid(Pid) -> running;
state(State) -> State.

wait(Condition) ->
    wait(Condition, erlang:monotonic_time(millisecond) + ?PATIENCE).

wait(Condition, Deadline) ->
    case Condition() of
        true -> ok;
        false ->
            erlang:monotonic_time(millisecond) < Deadline orelse exit(not_at_rest),
            erlang:yield(),
            wait(Condition, Deadline)
    end.

%% ---- The actors

init({Key, _, _, _, {Strategy, Intensity, Period, AutoShutdown, MaxChildren}, Children}) ->
    case outcome(Key) of
        ok when Strategy =:= dynamic ->
            {ok, #{strategy => one_for_one, intensity => Intensity, period => Period,
                   max_children => MaxChildren, extra_arguments => []}};
        ok ->
            Flags = #{strategy => Strategy, intensity => Intensity, period => Period,
                      auto_shutdown => AutoShutdown},
            {ok, {Flags, [specification(Child) || Child <- Children]}};
        fail -> exit(failed);
        ignore -> ignore
    end.

specification({Key, Restart, IsSignificant, Shutdown, none, []}) ->
    #{id => Key, start => {?MODULE, start_worker, [Key, Shutdown]}, restart => Restart,
      significant => IsSignificant, shutdown => Shutdown};
specification({Key, Restart, IsSignificant, _, Flags, _} = Child) ->
    Module = case element(1, Flags) of dynamic -> ?DYNAMIC; _ -> supervisor end,
    #{id => Key, start => {Module, start_link, [?MODULE, Child]}, restart => Restart,
      significant => IsSignificant, type => supervisor}.

start_worker(Key, Shutdown) -> proc_lib:start_link(?MODULE, worker, [Key, Shutdown]).

worker(Key, Shutdown) ->
    process_flag(trap_exit, true),
    case outcome(Key) of
        ok ->
            proc_lib:init_ack({ok, self()}),
            receive
                {end_with, Reason} -> exit(Reason);
                %% One that has little time is busy all the time.
                {'EXIT', _, _} when not is_integer(Shutdown) -> note({stop, Key}), exit(shutdown)
            end;
        fail ->
            proc_lib:init_ack({error, failed});
        ignore ->
            proc_lib:init_ack(ignore)
    end.

outcome(Key) ->
    Outcome = case ets:lookup(?TABLE, {plan, Key}) of
        [{_, [Next | Later]}] -> ets:insert(?TABLE, {{plan, Key}, Later}), Next;
        _ -> ok
    end,
    Outcome =:= ok andalso ets:insert(?TABLE, {{pid, Key}, self()}),
    note({case Outcome of ok -> start; _ -> Outcome end, Key}),
    Outcome.

note(Event) ->
    ets:insert(?TABLE, {{event, erlang:unique_integer([monotonic])}, Event}).

%% ---- Time

%% Supervisors read the clock of the machine. Here the same code is compiled anew with another clock.
put_clock_into(Module) ->
    {ok, {_, [{abstract_code, {raw_abstract_v1, Forms}}]}} =
        beam_lib:chunks(code:which(Module), [abstract_code]),
    Clocked = erl_syntax:revert_forms([erl_syntax_lib:map(fun clocked/1, Form) || Form <- Forms]),
    {ok, Module, Binary} = compile:forms(Clocked, []),
    true = code:unstick_mod(Module),
    {module, Module} = code:load_binary(Module, atom_to_list(Module), Binary),
    {ok, {_, [{imports, Imports}]}} = beam_lib:chunks(Binary, [imports]),
    true = lists:member({?MODULE, monotonic_time, 1}, Imports).

clocked(Tree) ->
    case erl_syntax:type(Tree) =:= module_qualifier
        andalso erl_syntax:concrete(erl_syntax:module_qualifier_body(Tree)) of
        monotonic_time ->
            erl_syntax:module_qualifier(
                erl_syntax:atom(?MODULE), erl_syntax:atom(monotonic_time));
        _ -> Tree
    end.

%% In seconds, which is what a supervisor asks for.
monotonic_time(Unit) when Unit =:= 1; Unit =:= second ->
    ets:lookup_element(?TABLE, now, 2).

%% ---- Output

json(Word) when is_atom(Word) -> [$", atom_to_list(Word), $"];
json(Number) when is_integer(Number) -> integer_to_list(Number);
json(Tuple) when is_tuple(Tuple) -> json(tuple_to_list(Tuple));
json(List) -> [$[, lists:join($,, [json(Item) || Item <- List]), $]].
