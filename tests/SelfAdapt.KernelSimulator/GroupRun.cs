namespace SelfAdapt.KernelSimulator;

/// <summary>
/// One group's run. Of its threads one runs at a time, in the order of their indices, each until it has to wait:
/// so results and complaints are the same every time.
/// </summary>
internal sealed class GroupRun(
    string kernel, (int X, int Y, int Z) grid, (int X, int Y, int Z) place, (int X, int Y, int Z) size)
{
    /// <summary>Threads in a warp.</summary>
    public const int WarpSize = 32;

    private readonly List<SharedBlock> _shared = [];
    private DeviceThread[] _threads = [];
    private uint[][] _posted = [];
    private SimulationException? _fault;
    private CountdownEvent? _running;

    /// <summary>The kernel's name.</summary>
    public string Kernel => kernel;

    /// <summary>Groups in the grid.</summary>
    public (int X, int Y, int Z) Grid => grid;

    /// <summary>This group's place in the grid.</summary>
    public (int X, int Y, int Z) Place => place;

    /// <summary>Threads in the group.</summary>
    public (int X, int Y, int Z) Size => size;

    /// <summary>An error to throw.</summary>
    /// <param name="thread">The thread in the group.</param>
    /// <param name="what">What it did.</param>
    public SimulationException Fault(int thread, string what) =>
        new($"{kernel}, group {place}, thread {thread} of {size}: {what}.");

    /// <summary>Runs a kernel that never waits, thread after thread.</summary>
    /// <param name="body">The kernel with its arguments.</param>
    public void RunInTurn(Action body)
    {
        DeviceThread thread = new() { Group = this };
        DeviceThread.Current = thread;
        try
        {
            for (int i = 0; i < size.X * size.Y * size.Z; i++)
            {
                (thread.Linear, thread.Index) = (i, IndexOf(i));
                body();
            }
        }
        catch (SimulationException)
        {
            throw;
        }
        catch (Exception e)
        {
            throw new SimulationException(Fault(thread.Linear, e.Message).Message, e);
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    /// <summary>Runs a kernel with barriers, each thread on a system thread of its own.</summary>
    /// <param name="workers">The system threads.</param>
    /// <param name="body">The kernel with its arguments.</param>
    public void RunTogether(WorkerThreads workers, Action body)
    {
        int count = size.X * size.Y * size.Z;
        _threads = [.. Enumerable.Range(0, count).Select(i =>
            new DeviceThread { Group = this, Linear = i, Index = IndexOf(i) })];
        _posted = new uint[2 * count][];
        using CountdownEvent running = new(count);
        _running = running;
        for (int i = 0; i < count; i++)
        {
            DeviceThread thread = _threads[i];
            thread.Begin = () => workers.Start(thread.Linear, () => Play(thread, body));
        }

        _threads[0].Wake();
        running.Wait();
        if (_fault is not null)
        {
            throw _fault;
        }
    }

    /// <summary>Shared memory: the n-th allocation of a thread is the n-th of every other.</summary>
    /// <param name="bytes">Its size.</param>
    public SimulatedMemory Allocate(long bytes)
    {
        DeviceThread thread = DeviceThread.Current;
        int number = thread.Allocations++;
        if (number == _shared.Count)
        {
            _shared.Add(new(this, bytes));
        }

        return _shared[number].Length == bytes
            ? _shared[number]
            : throw Fault(thread.Linear, "threads of a group allocate shared memory differently");
    }

    /// <summary>The group's barrier.</summary>
    public void Barrier()
    {
        DeviceThread thread = DeviceThread.Current;
        thread.State = ThreadState.AtBarrier;
        SettleShared(thread);
        if (Array.TrueForAll(_threads, t => t.State == ThreadState.AtBarrier))
        {
            _shared.ForEach(s => s.NextInterval());
            Array.ForEach(_threads, t => t.State = ThreadState.Ready);
        }

        Yield(thread);
    }

    /// <summary>Gives every lane of a warp a value and takes another lane's.</summary>
    /// <param name="bits">The own value.</param>
    /// <param name="fromLane">The lane to read; the own value where the warp has no such lane.</param>
    public ulong Exchange(ulong bits, int fromLane)
    {
        uint[][] lanes = ExchangeAll([(uint)bits, (uint)(bits >> 32)]);
        return fromLane >= 0 && fromLane < lanes.Length
            ? ((ulong)lanes[fromLane][1] << 32) | lanes[fromLane][0]
            : bits;
    }

    /// <summary>Gives every lane of a warp values and takes all lanes'.</summary>
    /// <param name="values">The own values.</param>
    public uint[][] ExchangeAll(uint[] values)
    {
        DeviceThread thread = DeviceThread.Current;
        int first = thread.Linear / WarpSize * WarpSize;
        Span<DeviceThread> warp = _threads.AsSpan(first, Math.Min(WarpSize, _threads.Length - first));

        // Two halves in turn: a lane may be at its next exchange before the last one has read this one's.
        int half = thread.Exchanges++ % 2 * _threads.Length;
        _posted[half + thread.Linear] = values;
        thread.State = ThreadState.AtExchange;
        bool complete = true;
        foreach (DeviceThread lane in warp)
        {
            complete &= lane.State == ThreadState.AtExchange;
        }

        if (complete)
        {
            foreach (DeviceThread lane in warp)
            {
                lane.State = ThreadState.Ready;
            }
        }

        Yield(thread);
        return _posted[(half + first)..(half + first + warp.Length)];
    }

    /// <summary>Marks an access to shared memory as atomic.</summary>
    /// <param name="target">The word.</param>
    public void NoteAtomic(ref readonly byte target)
    {
        foreach (SharedBlock block in _shared)
        {
            if (new ReadOnlySpan<byte>(in target).Overlaps(block.Bytes, out int offset))
            {
                block.NoteAtomic(Math.Abs(offset) / sizeof(uint));
            }
        }
    }

    private (int X, int Y, int Z) IndexOf(int linear) =>
        (linear % size.X, linear / size.X % size.Y, linear / (size.X * size.Y));

    private void Play(DeviceThread thread, Action body)
    {
        try
        {
            if (_fault is null)
            {
                DeviceThread.Current = thread;
                body();
                SettleShared(thread);
            }
        }
        catch (AbortedException)
        {
            // Another thread's fault is the one to report.
        }
        catch (SimulationException e)
        {
            _fault ??= e;
        }
        catch (Exception e)
        {
            _fault ??= new(Fault(thread.Linear, e.Message).Message, e);
        }

        DeviceThread.Leave();
        thread.State = ThreadState.Done;
        Next(thread)?.Wake();
        _running!.Signal();
    }

    private void SettleShared(DeviceThread thread)
    {
        foreach (SharedBlock block in _shared)
        {
            block.Settle(thread.Linear);
        }
    }

    /// <summary>Lets the next thread run, and waits until this one may go on.</summary>
    private void Yield(DeviceThread thread)
    {
        DeviceThread? next = Next(thread);
        if (next != thread)
        {
            next!.Wake();
            thread.Sleep();
        }

        if (_fault is not null)
        {
            throw new AbortedException();
        }
    }

    /// <summary>
    /// The next thread that may run, by index; null when all are done. After a fault every thread gets a turn, to
    /// leave.
    /// </summary>
    private DeviceThread? Next(DeviceThread thread)
    {
        for (int attempt = 0; attempt < 2; attempt++)
        {
            for (int i = 1; i <= _threads.Length; i++)
            {
                DeviceThread candidate = _threads[(thread.Linear + i) % _threads.Length];
                if (candidate.State == ThreadState.Ready
                    || (_fault is not null && candidate.State != ThreadState.Done))
                {
                    return candidate;
                }
            }

            if (Array.Find(_threads, t => t.State != ThreadState.Done) is not { } stuck)
            {
                return null;
            }

            string where = stuck.State == ThreadState.AtBarrier ? "a barrier" : "a warp exchange";
            _fault ??= Fault(stuck.Linear, $"it waits at {where} that not every thread reaches");
        }

        return null;
    }

    private sealed class AbortedException : Exception
    {
    }
}
