namespace SelfAdapt.KernelSimulator;

/// <summary>One GPU thread: where it is in its group and grid.</summary>
internal sealed class DeviceThread
{
    [ThreadStatic]
    private static DeviceThread? current;

    /// <summary>The GPU thread that this system thread plays at the moment.</summary>
    public static DeviceThread Current
    {
        get => current ?? throw new InvalidOperationException("This works only inside a simulated kernel.");
        set => current = value;
    }

    /// <summary>True inside a kernel.</summary>
    public static bool IsInside => current is not null;

    /// <summary>The group it belongs to.</summary>
    public required GroupRun Group { get; init; }

    /// <summary>Its place in the group, x fastest.</summary>
    public int Linear { get; set; }

    /// <summary>Its place in the group.</summary>
    public (int X, int Y, int Z) Index { get; set; }

    /// <summary>Shared allocations made so far: the n-th is the same memory for every thread.</summary>
    public int Allocations { get; set; }

    /// <summary>Warp exchanges made so far.</summary>
    public int Exchanges { get; set; }

    /// <summary>What it waits for.</summary>
    public ThreadState State { get; set; }

    /// <summary>Puts it on a system thread, at its first turn: waking a system thread is what costs most.</summary>
    public Action? Begin { get; set; }

    private readonly object _gate = new();
    private bool _open;

    /// <summary>Lets it go on.</summary>
    public void Wake()
    {
        if (Begin is { } begin)
        {
            Begin = null;
            begin();
            return;
        }

        lock (_gate)
        {
            _open = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits to be woken.</summary>
    public void Sleep()
    {
        lock (_gate)
        {
            while (!_open)
            {
                Monitor.Wait(_gate);
            }

            _open = false;
        }
    }

    /// <summary>Leaves the kernel.</summary>
    public static void Leave() => current = null;
}

/// <summary>What a simulated thread waits for.</summary>
internal enum ThreadState
{
    /// <summary>Its turn.</summary>
    Ready,

    /// <summary>The others at the group's barrier.</summary>
    AtBarrier,

    /// <summary>The other lanes of its warp.</summary>
    AtExchange,

    /// <summary>Nothing more.</summary>
    Done,
}
