using System.Globalization;
using System.Numerics;
using SelfAdapt.Files;
using SelfAdapt.Files.Regions;

namespace SelfAdapt.Segmentation.Results;

/// <summary>
/// Cells as ImageJ regions in a zip file, as ImageJ's ROI manager opens it: one traced region per cell, named by its
/// label, that covers exactly the cell's largest part (roughly where its outline has more than 65,535 corners). Holes are
/// filled: a traced region has none.
/// </summary>
internal static class RoiArchive
{
    /// <param name="masks">The cells; coordinates must be below 32,768, as the format keeps 16 bits.</param>
    public static void Write(string path, LabelImage masks)
    {
        if (Math.Max(masks.Width, masks.Height) > ImageJRegion.LongestSide)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path,
                $"ImageJ's regions reach to {ImageJRegion.LongestSide:N0} px, but the image is {masks.Width:N0}x"
                + $"{masks.Height:N0}. Write GeoJSON instead.");
        }

        OutlineTracer tracer = new(masks);
        ImageJRegion.Write(path, CellList.Of(masks).Select(cell =>
        {
            OutlinePoint[] ring = tracer.Polygons(cell.Label, cell.Region).Select(p => p[0]).MaxBy(OutlineTracer.Area)!;
            return new ImageJRegion(
                cell.Label.ToString("D4", CultureInfo.InvariantCulture), RegionShape.Traced, 0, 0,
                [.. Countable(ring).Select(p => new Vector2(p.X, p.Y))]);
        }));
    }

    /// <summary>A ring with as many corners as a region can count: of a longer one, every other, or fewer.</summary>
    private static OutlinePoint[] Countable(OutlinePoint[] ring) => ring.Length <= ushort.MaxValue
        ? ring
        : Countable([.. ring.Where((_, i) => i % 2 == 0)]);
}
