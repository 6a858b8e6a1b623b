namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>MetaMorph's STK: one page, with the planes of a stack behind its pixels.</summary>
internal static class MetaMorphPlanes
{
    /// <returns>Null if it is no STK file.</returns>
    public static PlaneOrder? TryRead(TiffPages pages)
    {
        // The tag holds six numbers per plane and counts the planes.
        long planes = pages.Directories[0].CountOf(TiffTag.MetaMorphPlanes);
        return planes > 0 && pages.CanHold(planes)
            ? PlaneOrder.Alone("MetaMorph STK", planes) with { Slices = (int)planes }
            : null;
    }
}
