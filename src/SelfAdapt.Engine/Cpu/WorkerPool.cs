using System.Runtime.ExceptionServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// A fork-join pool. Which thread takes which task is left to chance; results do not depend on it, because every
/// task writes places of its own and sums across tasks are taken afterwards in task order. A call allocates nothing
/// once its kind of work has been seen.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private const int SpinRounds = 2000;

    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private readonly Dictionary<Type, Job> _jobs = [];
    private Job? _job;
    private int _generation;
    private bool _stop;

    /// <param name="threads">How many threads work, the caller's included; at least 1.</param>
    public WorkerPool(int threads)
    {
        Threads = Math.Max(1, threads);
        _threads = new Thread[Threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"SelfAdapt worker {i + 1}" };
            _threads[i].Start();
        }
    }

    public int Threads { get; }

    /// <summary>Runs body(0) .. body(count - 1), each once, and waits for all.</summary>
    public void For(int count, Action<int> body) => For(count, body, static (i, body) => body(i));

    /// <summary>Runs body(0, state) .. body(count - 1, state), each once, and waits for all.</summary>
    /// <param name="body">The task: a static lambda, so that no closure is made.</param>
    public void For<TState>(int count, TState state, Action<int, TState> body)
    {
        if (_threads.Length == 0 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(i, state);
            }

            return;
        }

        Job<TState> job = JobFor<TState>();
        job.Prepare(count, state, body);
        Volatile.Write(ref _job, job);
        NextGeneration();
        job.Drain();

        // Only tasks that a worker has begun are waited for: a worker without a core holds nobody up. Another
        // process may hold the core that one of them needs: give way instead of burning it.
        for (int spins = 0; !job.IsDone; spins++)
        {
            if (spins < SpinRounds)
            {
                Thread.SpinWait(8);
            }
            else
            {
                Thread.Yield();
            }
        }

        Volatile.Write(ref _job, null);
        if (job.Finish() is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        NextGeneration();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private Job<TState> JobFor<TState>()
    {
        if (_jobs.TryGetValue(typeof(TState), out Job? job))
        {
            return (Job<TState>)job;
        }

        Job<TState> made = new();
        _jobs.Add(typeof(TState), made);
        return made;
    }

    private void Work()
    {
        int seen = 0;
        while (true)
        {
            seen = AwaitGeneration(seen);
            if (Volatile.Read(ref _stop))
            {
                return;
            }

            Volatile.Read(ref _job)?.Drain();
        }
    }

    /// <summary>Spins shortly, then yields, then sleeps until there is work.</summary>
    private int AwaitGeneration(int seen)
    {
        for (int spins = 0; spins < SpinRounds * 2; spins++)
        {
            int current = Volatile.Read(ref _generation);
            if (current != seen)
            {
                return current;
            }

            if (spins < SpinRounds)
            {
                Thread.SpinWait(8);
            }
            else
            {
                Thread.Yield();
            }
        }

        lock (_gate)
        {
            while (_generation == seen)
            {
                Monitor.Wait(_gate);
            }

            return _generation;
        }
    }

    private void NextGeneration()
    {
        lock (_gate)
        {
            _generation++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// One call's tasks. The object serves every call of its kind in turn; a worker that comes late from an earlier
    /// call either finds no task or helps with the present one.
    /// </summary>
    private abstract class Job
    {
        // The call's number in the upper half, the next task in the lower: a task is taken by adding 1 to the very
        // value that was read, so nobody takes a task of one call with another call's number in hand.
        private long _ticket;
        private int _count;
        private int _done;
        private Exception? _failure;

        public bool IsDone => Volatile.Read(ref _done) == _count;

        /// <summary>Takes tasks until none are left.</summary>
        public void Drain()
        {
            while (true)
            {
                long ticket = Volatile.Read(ref _ticket);
                int task = (int)ticket;
                if (task >= Volatile.Read(ref _count))
                {
                    return;
                }

                if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
                {
                    continue;
                }

                try
                {
                    Run(task);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref _failure, e, null);
                }

                Interlocked.Increment(ref _done);
            }
        }

        /// <summary>Closes the call.</summary>
        /// <returns>The first failure of a task.</returns>
        public Exception? Finish()
        {
            Forget();
            Exception? failure = _failure;
            _failure = null;
            return failure;
        }

        protected abstract void Run(int task);

        protected abstract void Forget();

        protected void Open(int count)
        {
            // First a ticket that is past every end: who still holds the last call's ticket can't use it on the new
            // count.
            long call = ((_ticket >> 32) + 1) << 32;
            Volatile.Write(ref _ticket, call + int.MaxValue);
            Volatile.Write(ref _done, 0);
            Volatile.Write(ref _count, count);
            Volatile.Write(ref _ticket, call);
        }
    }

    private sealed class Job<TState> : Job
    {
        private TState _state = default!;
        private Action<int, TState>? _body;

        public void Prepare(int count, TState state, Action<int, TState> body)
        {
            (_state, _body) = (state, body);
            Open(count);
        }

        protected override void Run(int task) => _body!(task, _state);

        protected override void Forget() => (_state, _body) = (default!, null);
    }
}
