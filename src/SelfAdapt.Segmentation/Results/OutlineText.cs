using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>
/// Outlines as text, as Cellpose writes them: a line per cell in label order, x,y,x,y,... of the rim's pixels.
/// </summary>
internal static class OutlineText
{
    // Cellpose leaves the line of a cell with fewer rim pixels empty.
    private const int FewestPixels = 5;

    public static void Write(string path, LabelImage masks)
    {
        OutputFile.Write(path, stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
            OutlineTracer tracer = new(masks);
            foreach ((int label, LabelRegion region) in CellList.Of(masks))
            {
                IReadOnlyList<OutlinePoint> rim = tracer.RimPixels(label, region);
                writer.WriteLine(rim.Count < FewestPixels
                    ? ""
                    : string.Join(',', rim.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X},{p.Y}"))));
            }
        });
    }
}
