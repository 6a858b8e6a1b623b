using SelfAdapt.Files;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// StarDist's way from distances to masks: a polygon for each pixel that is likely an object, the likeliest first; those that an
/// earlier one overlaps by too much are left out; what remains is painted, the likeliest on top.
/// </summary>
internal static class RayMasks
{
    // As in StarDist, which also takes no polygon from a ring at the image's border; here a frame is run around each image.
    private const float LeastDistance = 1e-3f;

    /// <summary>Makes masks at the image's size.</summary>
    public static LabelImage Make(in MaskInputs from)
    {
        StarPolygon[] kept = Suppress(Candidates(from), from.Options.NmsThreshold);
        LabelImage masks = new(from.Height, from.Width, new int[from.Height * from.Width]);
        (double down, double right) =
            (from.Height / (double)from.Outputs.Height, from.Width / (double)from.Outputs.Width);
        for (int i = kept.Length - 1; i >= 0; i--)
        {
            kept[i].Paint(masks, i + 1, down, right);
        }

        return masks;
    }

    /// <summary>The polygons above the threshold, the likeliest first.</summary>
    private static StarPolygon[] Candidates(in MaskInputs from)
    {
        (Image outputs, OutputPart part, int grid) = (from.Outputs, from.Part!, from.Description.Grid);
        float threshold = (float)from.Options.CellprobThreshold;
        (int top, int left) = (First(from.Origin.Top), First(from.Origin.Left));
        (int rows, int columns) = (((outputs.Height - 1 - top) / grid) + 1, ((outputs.Width - 1 - left) / grid) + 1);
        List<(float Score, int Row, int Column)> found = [];
        ReadOnlySpan<float> logits = outputs.Plane(from.Where.Channel);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                (int y, int x) = (top + (row * grid), left + (column * grid));
                float logit = logits[(y * outputs.Width) + x];
                if (logit > threshold)
                {
                    found.Add((logit, y, x));
                }
            }
        }

        // The first value of its own behind a border that lies anywhere.
        int First(int origin) => (grid - (origin % grid)) % grid;

        // Distances are told at the network's scale.
        double scale = from.IsNetworkScale ? 1 : 1 / from.Options.Rescale;
        (double Sine, double Cosine)[] directions =
            [.. Enumerable.Range(0, part.Channels).Select(k => Math.SinCos(2 * Math.PI * k / part.Channels))];
        float[] distances = new float[part.Channels];
        return
        [
            .. found.OrderByDescending(f => f.Score).Select(f =>
            {
                for (int k = 0; k < distances.Length; k++)
                {
                    float distance = outputs.Plane(part.Channel + k)[(f.Row * outputs.Width) + f.Column];
                    distances[k] = (float)(Math.Max(LeastDistance, distance) * scale);
                }

                return new StarPolygon(f.Row, f.Column, distances, directions);
            }),
        ];
    }

    /// <summary>Leaves out each polygon that shares more than a fraction of the smaller area with one that was kept.</summary>
    /// <param name="polygons">The likeliest first.</param>
    private static StarPolygon[] Suppress(StarPolygon[] polygons, double threshold)
    {
        bool[] gone = new bool[polygons.Length];
        List<StarPolygon> kept = [];
        PolygonGrid near = new(polygons);
        (PolygonRows rows, PolygonRows others) = (new(), new());
        for (int i = 0; i < polygons.Length; i++)
        {
            if (gone[i])
            {
                continue;
            }

            StarPolygon polygon = polygons[i];
            kept.Add(polygon);
            rows.Read(polygon);
            foreach (int j in near.Around(polygon))
            {
                if (j > i && !gone[j] && polygon.Meets(polygons[j]))
                {
                    double least = Math.Min(polygon.Area, polygons[j].Area) + 1e-10;
                    others.Read(polygons[j]);
                    gone[j] = rows.SharedArea(others) / least > threshold;
                }
            }
        }

        return [.. kept];
    }
}
