using System.Runtime.InteropServices;

namespace SelfAdapt.Tests.Gpu;

/// <summary>What a test can ask the stand-in for the driver; it is there where the driver would be.</summary>
internal static partial class StandInDriver
{
    private const string Library = "libcuda.so.1";

    /// <summary>Modules, streams, events, contexts and memory that were made and not given back.</summary>
    public static int Held => stand_in_held();

    /// <summary>How often the host waited.</summary>
    public static int Waits => stand_in_waits();

    /// <summary>What was queued in which stream: "copy 0; record 1; ".</summary>
    public static string Order => Marshal.PtrToStringUTF8(stand_in_order())!;

    /// <summary>From now on this call fails; "": none.</summary>
    public static void Fail(string call, int result) => stand_in_fail(call, result);

    /// <summary>Starts order and waits anew.</summary>
    public static void Forget() => stand_in_forget();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial void stand_in_fail(string call, int result);

    [LibraryImport(Library)]
    private static partial int stand_in_held();

    [LibraryImport(Library)]
    private static partial int stand_in_waits();

    [LibraryImport(Library)]
    private static partial nint stand_in_order();

    [LibraryImport(Library)]
    private static partial void stand_in_forget();
}
