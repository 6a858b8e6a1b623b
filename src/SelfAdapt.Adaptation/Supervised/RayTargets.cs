using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>StarDist's: how deep a pixel lies in its object, and the distances to its outline, made of the crop's masks.</summary>
/// <param name="rays">Distances of a pixel.</param>
/// <param name="grid">Pixels each way that share the values of their first.</param>
internal sealed class RayTargets(int rays, int grid) : MaskTargets
{
    public override int Channels => rays;

    public override Image Prepare(LabelImage masks) =>
        new(1, masks.Height, masks.Width, Array.ConvertAll(masks.Labels, label => (float)label));

    public override void Fill(
        TrainingSample sample, AffineWarp warp, bool flip, double angle, Span<float> cell, Span<float> field)
    {
        int side = (int)Math.Sqrt(cell.Length);
        float[] labels = new float[cell.Length];
        warp.Nearest(sample.Flow.Plane(0), sample.Flow.Width, flip, labels);
        LabelImage masks = new(side, side, Array.ConvertAll(labels, label => (int)label));
        float[] depth = StarTargets.Depth(masks);
        float[] distances = new float[rays];
        for (int y = 0; y < side; y += grid)
        {
            for (int x = 0; x < side; x += grid)
            {
                StarTargets.Distances(masks, y, x, distances);
                for (int i = 0; i < grid * grid; i++)
                {
                    int at = ((y + (i / grid)) * side) + x + (i % grid);
                    cell[at] = depth[(y * side) + x];
                    for (int k = 0; k < rays; k++)
                    {
                        field[(k * cell.Length) + at] = distances[k];
                    }
                }
            }
        }
    }
}
