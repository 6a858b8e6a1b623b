namespace SelfAdapt.KernelSimulator;

/// <summary>A thread of a PTX program: registers and place.</summary>
internal sealed class PtxThread(
    int registers, PtxMemory memory, (int X, int Y, int Z) place, (int X, int Y, int Z) grid,
    (int X, int Y, int Z) index, (int X, int Y, int Z) size)
{
    /// <summary>Register values as bits; a 32-bit value lies in the lower half.</summary>
    public ulong[] Registers { get; } = new ulong[registers];

    /// <summary>What it reads and writes.</summary>
    public PtxMemory Memory => memory;

    /// <summary>The instruction that comes next.</summary>
    public int Next { get; set; }

    /// <summary>Why it stopped: at a barrier, at an instruction of its whole warp, or at the end.</summary>
    public PtxStop Stop { get; set; }

    /// <summary>A special register.</summary>
    /// <param name="name">Its name.</param>
    public ulong Special(string name) => (ulong)(name switch
    {
        "%tid.x" => index.X,
        "%tid.y" => index.Y,
        "%tid.z" => index.Z,
        "%ntid.x" => size.X,
        "%ntid.y" => size.Y,
        "%ntid.z" => size.Z,
        "%ctaid.x" => place.X,
        "%ctaid.y" => place.Y,
        "%ctaid.z" => place.Z,
        "%nctaid.x" => grid.X,
        "%nctaid.y" => grid.Y,
        "%nctaid.z" => grid.Z,
        _ => throw new SimulationException($"The PTX interpreter does not know {name}."),
    });

    /// <summary>What the whole warp does where it stopped.</summary>
    public Action<PtxThread[]>? Together { get; set; }

    /// <summary>An error to throw.</summary>
    /// <param name="what">What happened.</param>
    public SimulationException Fault(string what) => new($"PTX, group {place}, thread {index}: {what}.");
}

/// <summary>Why a thread of a PTX program stopped.</summary>
internal enum PtxStop
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>At bar.sync.</summary>
    Barrier,

    /// <summary>At an instruction of its whole warp.</summary>
    Warp,

    /// <summary>At the end.</summary>
    End,
}
