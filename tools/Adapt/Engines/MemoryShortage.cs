namespace SelfAdapt.Tool.Engines;

/// <summary>Tells errors of memory from others, wherever they come from: the collector, the system, a GPU's driver.</summary>
internal static class MemoryShortage
{
    /// <summary>Whether an error says that memory ran out.</summary>
    public static bool Is(Exception error) => error switch
    {
        OutOfMemoryException => true,
        SelfAdaptException known => known.Kind == ErrorKind.OutOfMemory,
        AggregateException several => several.InnerExceptions.Any(Is),
        _ => false,
    };

    /// <summary>What it says: its own words only where they are ours.</summary>
    public static string Describe(Exception error) =>
        error is SelfAdaptException ? error.Message : "Memory ran out.";

    /// <summary>Lets go of what nothing refers to any more, memory outside the collector's heap included.</summary>
    public static void Release()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, true, true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, true, true);
    }
}
