namespace SelfAdapt.KernelSimulator;

/// <summary>System threads that are kept from group to group.</summary>
internal sealed class WorkerThreads
{
    private const int StackBytes = 256 << 10;
    private readonly List<Worker> _workers = [];

    /// <summary>Runs work on a thread.</summary>
    /// <param name="index">Which: 0 .. threads in the group - 1; it has finished what it was given before.</param>
    /// <param name="work">What it runs.</param>
    public void Start(int index, Action work)
    {
        while (_workers.Count <= index)
        {
            _workers.Add(new());
        }

        _workers[index].Start(work);
    }

    private sealed class Worker
    {
        private readonly object _gate = new();
        private readonly Queue<Action> _work = [];

        public Worker() =>
            new Thread(Loop, StackBytes) { IsBackground = true, Name = "simulated GPU thread" }.Start();

        public void Start(Action work)
        {
            lock (_gate)
            {
                _work.Enqueue(work);
                Monitor.Pulse(_gate);
            }
        }

        private void Loop()
        {
            while (true)
            {
                Action? work;
                lock (_gate)
                {
                    while (!_work.TryDequeue(out work))
                    {
                        Monitor.Wait(_gate);
                    }
                }

                work();
            }
        }
    }
}
