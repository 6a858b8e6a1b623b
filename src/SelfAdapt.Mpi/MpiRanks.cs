using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Engine;

namespace SelfAdapt.Mpi;

/// <summary>The processes that mpirun, mpiexec or srun started together.</summary>
internal sealed class MpiRanks : IRanks, IDisposable
{
    private readonly MpiLibrary _mpi;
    private long _ticks;

    private MpiRanks(MpiLibrary mpi) => (_mpi, Index, Count) = (mpi, mpi.Rank, mpi.Size);

    public int Index { get; }

    public int Count { get; }

    /// <summary>Joins the others; null where this process is one by itself, and no MPI is touched.</summary>
    /// <exception cref="SelfAdaptException">DeviceMissing: there is no MPI library, or another than that of the starter.</exception>
    public static MpiRanks? Join()
    {
        int? openMpi = Number("OMPI_COMM_WORLD_SIZE");

        // Those of MPICH's and Intel's mpiexec, and of srun with a plugin for MPI: without one a step's tasks know nothing of each
        // other.
        int asked = openMpi ?? Number("PMI_SIZE")
            ?? (Number("PMIX_RANK") is null ? null : Number("SLURM_STEP_NUM_TASKS")) ?? 1;
        if (asked < 2)
        {
            return null;
        }

        MpiRanks ranks = new(MpiLibrary.Start(openMpi is not null));
        return ranks.Count == asked ? ranks : throw new SelfAdaptException(
            ErrorKind.DeviceMissing, $"{asked} processes were started together, but the MPI library that was found counts "
            + $"{ranks.Count}: it is not the one that started them. Name its file in {MpiLibrary.FileVariable}.");
    }

    /// <summary>Times that the ranks met.</summary>
    public int Meetings { get; private set; }

    /// <summary>Bytes that this one received from others.</summary>
    public long Received { get; private set; }

    /// <summary>Time spent on that, waiting for others included.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(0, _ticks);

    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<int> lengths)
    {
        long start = Stopwatch.GetTimestamp();
        _mpi.Gather(own, all, lengths);
        Met(all.Length - own.Length, start);
    }

    public void Exchange(ReadOnlySpan<byte> parts, ReadOnlySpan<int> lengths, Span<byte> received)
    {
        long start = Stopwatch.GetTimestamp();
        int[] each = new int[Count];
        Array.Fill(each, lengths[Index]);
        _mpi.Exchange(parts, lengths, received, each);
        Met(received.Length - lengths[Index], start);
    }

    /// <summary>Ends all processes, wherever they are.</summary>
    public void Abort(int code) => _mpi.Abort(code);

    /// <summary>Waits for the others and leaves them.</summary>
    public void Dispose() => _mpi.Finish();

    private void Met(int received, long start)
    {
        Meetings++;
        Received += received;
        _ticks += Stopwatch.GetTimestamp() - start;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
