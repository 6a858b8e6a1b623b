using System;
using System.Threading;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// A fork-join pool. Which thread takes which task is left to chance; results do not depend on it, because every
/// task writes places of its own and sums across tasks are taken afterwards in task order.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private const int SpinRounds = 2000;

    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private Job? _job;
    private int _generation;
    private bool _stop;

    /// <summary>Starts the threads.</summary>
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

    /// <summary>How many threads work.</summary>
    public int Threads { get; }

    /// <summary>Runs body(0) .. body(count - 1), each once, and waits for all.</summary>
    /// <param name="count">Number of tasks.</param>
    /// <param name="body">The task.</param>
    public void For(int count, Action<int> body)
    {
        if (_threads.Length == 0 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(i);
            }

            return;
        }

        Job job = new(body, count);
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
        if (job.Failure is { } failure)
        {
            throw new InvalidOperationException("A worker failed: " + failure.Message, failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        NextGeneration();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
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

    /// <summary>One call's tasks. A worker that comes late finds them taken.</summary>
    private sealed class Job(Action<int> body, int count)
    {
        private Exception? _failure;
        private int _next;
        private int _done;

        public bool IsDone => Volatile.Read(ref _done) == count;

        public Exception? Failure => _failure;

        /// <summary>Takes tasks until none are left.</summary>
        public void Drain()
        {
            int own = 0;
            for (int i = Take(); i < count; i = Take())
            {
                try
                {
                    body(i);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    Interlocked.CompareExchange(ref _failure, e, null);
                }

                own++;
            }

            Interlocked.Add(ref _done, own);
        }

        private int Take() => Interlocked.Increment(ref _next) - 1;
    }
}
