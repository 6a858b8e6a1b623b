using SelfAdapt.Files;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Flows that belong to given masks: training targets, and the check of predicted masks.</summary>
internal static class MaskFlows
{
    /// <summary>Unit flows of every cell (docs/cellpose.md 4.5, version 3 on a CPU).</summary>
    /// <returns>[2, height, width]: row and column component; background 0.</returns>
    public static Image FromMasks(LabelImage masks)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(labels, count);
        Image flows = ImagePreparation.Blank(2, masks.Height, masks.Width);
        int plane = masks.Height * masks.Width;
        Parallel.For(0, count, k => CellFlow.Compute(labels, k + 1, regions[k], (index, y, x) =>
        {
            flows.Pixels[index] = (float)y;
            flows.Pixels[plane + index] = (float)x;
        }));
        return flows;
    }

    /// <summary>How far the network's flow is from the flow that a mask implies (docs/cellpose.md 4.4).</summary>
    /// <param name="labels">Labels 0..n without gaps.</param>
    /// <param name="flowChannel">The channel of the flow's row component; the other one follows it.</param>
    /// <param name="scale">Factor between the network's flow and unit flows.</param>
    /// <returns>Entry k - 1: mean squared error of label k, summed over both components.</returns>
    internal static double[] Errors(
        LabelImage labels, LabelRegion[] regions, Image outputs, int flowChannel, float scale, int threads = 0)
    {
        int plane = outputs.Height * outputs.Width;
        int firstY = flowChannel * plane;
        int firstX = firstY + plane;
        double[] errors = new double[regions.Length];
        Parallel.For(0, regions.Length, Parallelism.Of(threads), k =>
        {
            (double sumY, double sumX) = (0, 0);
            CellFlow.Compute(labels, k + 1, regions[k], (index, y, x) =>
            {
                double offY = y - (outputs.Pixels[firstY + index] / scale);
                double offX = x - (outputs.Pixels[firstX + index] / scale);
                sumY += offY * offY;
                sumX += offX * offX;
            });
            errors[k] = (sumY / regions[k].Area) + (sumX / regions[k].Area);
        });
        return errors;
    }
}
