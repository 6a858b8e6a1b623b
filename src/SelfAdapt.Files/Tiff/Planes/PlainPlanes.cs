namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>Planes that nothing describes.</summary>
internal static class PlainPlanes
{
    private const int MostChannels = 4;

    /// <summary>A few gray pages that look alike are channels, others images.</summary>
    public static PlaneOrder Read(TiffPages pages)
    {
        TiffPage first = pages.Pages[0];
        if (first.Slices > 1)
        {
            return PlaneOrder.Alone("ImageDepth", pages.Planes) with { Slices = first.Slices };
        }

        bool channels = pages.Planes <= MostChannels && pages.Pages.All(
            p => p.Channels == 1 && p.Width == first.Width && p.Height == first.Height && p.Kind == first.Kind);
        return channels
            ? PlaneOrder.Regular("no description", pages.Planes, pages.Planes, (_, channel) => channel)
            : PlaneOrder.Alone("no description", pages.Planes);
    }
}
