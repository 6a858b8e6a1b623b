using SelfAdapt.KernelSimulator;

namespace ILGPU;

/// <summary>The group's place in the grid.</summary>
public static class Grid
{
    /// <summary>Place along x.</summary>
    public static int IdxX => DeviceThread.Current.Group.Place.X;

    /// <summary>Place along y.</summary>
    public static int IdxY => DeviceThread.Current.Group.Place.Y;

    /// <summary>Place along z.</summary>
    public static int IdxZ => DeviceThread.Current.Group.Place.Z;

    /// <summary>Groups along x.</summary>
    public static int DimX => DeviceThread.Current.Group.Grid.X;

    /// <summary>Groups along y.</summary>
    public static int DimY => DeviceThread.Current.Group.Grid.Y;

    /// <summary>Groups along z.</summary>
    public static int DimZ => DeviceThread.Current.Group.Grid.Z;
}

/// <summary>The thread's place in its group.</summary>
public static class Group
{
    /// <summary>Place along x.</summary>
    public static int IdxX => DeviceThread.Current.Index.X;

    /// <summary>Place along y.</summary>
    public static int IdxY => DeviceThread.Current.Index.Y;

    /// <summary>Place along z.</summary>
    public static int IdxZ => DeviceThread.Current.Index.Z;

    /// <summary>Threads along x.</summary>
    public static int DimX => DeviceThread.Current.Group.Size.X;

    /// <summary>Threads along y.</summary>
    public static int DimY => DeviceThread.Current.Group.Size.Y;

    /// <summary>Threads along z.</summary>
    public static int DimZ => DeviceThread.Current.Group.Size.Z;

    /// <summary>Place in the group, x fastest.</summary>
    public static int LinearIndex => DeviceThread.Current.Linear;

    /// <summary>Waits for every thread of the group.</summary>
    public static void Barrier() => DeviceThread.Current.Group.Barrier();
}
