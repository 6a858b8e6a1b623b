using System.Runtime.InteropServices;

namespace SelfAdapt.Mpi;

/// <summary>
/// The MPI that is installed: Open MPI, or MPICH and what has its binary interface (Intel MPI, Cray MPICH, Microsoft MPI). Only
/// bytes are sent, so of its handles two are needed, and those are where the two families differ.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Names the library's file where it is not found by its usual names.</summary>
    public const string FileVariable = "SELFADAPT_MPI_LIBRARY";

    // <mpi.h> of MPICH.
    private const nint MpichWorld = 0x44000000;
    private const nint MpichByte = 0x4c00010d;

    // Any thread may call, one at a time.
    private const int Serialized = 2;

    private static readonly string[] Names =
        OperatingSystem.IsWindows() ? ["msmpi.dll"]
        : OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "libmpi.12.dylib", "libmpi.dylib"]
        : ["libmpi.so.40", "libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12", "libmpi.so"];

    private readonly nint _library;
    private readonly nint _world;
    private readonly nint _byte;
    private readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int> _gather;
    private readonly delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int> _exchange;

    private MpiLibrary(nint library)
    {
        _library = library;
        bool open = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world);
        (_world, _byte) = open ? (world, NativeLibrary.GetExport(library, "ompi_mpi_byte")) : (MpichWorld, MpichByte);
        _gather = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int>)Function("MPI_Allgatherv");
        _exchange =
            (delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int>)Function("MPI_Alltoallv");
    }

    /// <summary>This process's number.</summary>
    public int Rank => Ask("MPI_Comm_rank");

    /// <summary>How many processes there are.</summary>
    public int Size => Ask("MPI_Comm_size");

    /// <summary>Loads it and joins the other processes.</summary>
    /// <param name="openMpi">Whether Open MPI is the one that started this process, as far as that is known.</param>
    /// <exception cref="SelfAdaptException">DeviceMissing: there is none.</exception>
    public static MpiLibrary Start(bool openMpi)
    {
        string? named = Environment.GetEnvironmentVariable(FileVariable);
        string[] names = !string.IsNullOrEmpty(named) ? [named] : openMpi ? Names : [.. Names.Skip(1), Names[0]];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                MpiLibrary mpi = new(library);
                mpi.Start();
                return mpi;
            }
        }

        throw new SelfAdaptException(
            ErrorKind.DeviceMissing, "This process was started as one of several by MPI, but no MPI library is found here "
            + $"({string.Join(", ", names)}): load its module on all nodes, or name the file in {FileVariable}.");
    }

    /// <summary>MPI_Allgatherv of bytes.</summary>
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<int> lengths)
    {
        int[] places = Places(lengths);
        fixed (byte* from = own, to = all)
        fixed (int* counts = lengths, starts = places)
        {
            Check(_gather(from, own.Length, _byte, to, counts, starts, _byte, _world), "MPI_Allgatherv");
        }
    }

    /// <summary>MPI_Alltoallv of bytes.</summary>
    public void Exchange(
        ReadOnlySpan<byte> parts, ReadOnlySpan<int> lengths, Span<byte> received, ReadOnlySpan<int> receivedLengths)
    {
        (int[] places, int[] receivedPlaces) = (Places(lengths), Places(receivedLengths));
        fixed (byte* from = parts, to = received)
        fixed (int* counts = lengths, starts = places, toCounts = receivedLengths, toStarts = receivedPlaces)
        {
            Check(_exchange(from, counts, starts, _byte, to, toCounts, toStarts, _byte, _world), "MPI_Alltoallv");
        }
    }

    /// <summary>Waits for the others and leaves them.</summary>
    public void Finish() => Check(((delegate* unmanaged<int>)Function("MPI_Finalize"))(), "MPI_Finalize");

    /// <summary>Ends all processes.</summary>
    public void Abort(int code) => ((delegate* unmanaged<nint, int, int>)Function("MPI_Abort"))(_world, code);

    private static int[] Places(ReadOnlySpan<int> lengths)
    {
        int[] places = new int[lengths.Length];
        for (int i = 1; i < places.Length; i++)
        {
            places[i] = checked(places[i - 1] + lengths[i - 1]);
        }

        return places;
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"{call} failed: {result}.");
        }
    }

    private void Start()
    {
        if (!OperatingSystem.IsWindows())
        {
            // UCX, below some MPIs, else takes the signals that .NET makes its exceptions of.
            SetVariable("UCX_ERROR_SIGNALS", "");
        }

        int provided;
        Check(
            ((delegate* unmanaged<nint, nint, int, int*, int>)Function("MPI_Init_thread"))(0, 0, Serialized, &provided),
            "MPI_Init_thread");
    }

    /// <summary>Environment.SetEnvironmentVariable does not reach native code.</summary>
    private static void SetVariable(string name, string value)
    {
        if (NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "setenv", out nint setenv))
        {
            (nint nativeName, nint nativeValue) = (Marshal.StringToCoTaskMemUTF8(name), Marshal.StringToCoTaskMemUTF8(value));
            _ = ((delegate* unmanaged<nint, nint, int, int>)setenv)(nativeName, nativeValue, 0);
            Marshal.FreeCoTaskMem(nativeName);
            Marshal.FreeCoTaskMem(nativeValue);
        }
    }

    private int Ask(string function)
    {
        int value;
        Check(((delegate* unmanaged<nint, int*, int>)Function(function))(_world, &value), function);
        return value;
    }

    private nint Function(string name) => NativeLibrary.GetExport(_library, name);
}
