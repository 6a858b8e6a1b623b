using System.Buffers.Binary;

namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>Zeiss' LSM: a page holds the channels of one slice and time point.</summary>
internal static class ZeissPlanes
{
    private const int SliceCount = 16;
    private const int TimeCount = 24;

    /// <returns>Null if it is no LSM file.</returns>
    public static PlaneOrder? TryRead(TiffPages pages)
    {
        if (!pages.Directories[0].TryGet(TiffTag.ZeissInfo, out _, out _, out byte[] info))
        {
            return null;
        }

        PlaneOrder order = PlaneOrder.Alone("Zeiss LSM", pages.Planes);
        if (info.Length < TimeCount + sizeof(int))
        {
            return order;
        }

        int slices = BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(SliceCount));
        int times = BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(TimeCount));
        return (long)slices * times == pages.Planes ? order with { Slices = slices, Times = times } : order;
    }
}
