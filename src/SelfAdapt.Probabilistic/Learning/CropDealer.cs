using SelfAdapt.Engine;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>Deals random crops, flipped by chance, mirrored where they reach beyond a small image.</summary>
internal sealed class CropDealer(IReadOnlyList<TrainingPlane> images, int batch, int side)
{
    /// <summary>The next batch; labels are 0 and the filter null where the images have none.</summary>
    public LearningPart Deal(RandomStream random)
    {
        int plane = side * side;
        float[] values = new float[batch * plane];
        float[] labels = new float[batch * plane];
        float[]? filter = images.Any(i => i.Filter is not null) ? new float[batch * plane] : null;
        for (int n = 0; n < batch; n++)
        {
            TrainingPlane image = images[random.NextIndex(images.Count)];
            int top = random.NextIndex(Math.Max(1, image.Height - side + 1));
            int left = random.NextIndex(Math.Max(1, image.Width - side + 1));
            (bool upsideDown, bool mirrored) = (random.NextBool(0.5), random.NextBool(0.5));
            for (int i = 0; i < plane; i++)
            {
                (int y, int x) = (i / side, i % side);
                (y, x) = (upsideDown ? side - 1 - y : y, mirrored ? side - 1 - x : x);
                int from = (Mirror.Index(top + y, image.Height) * image.Width) + Mirror.Index(left + x, image.Width);
                int to = (n * plane) + i;
                values[to] = image.Values[from];
                labels[to] = image.Labels?[from] ?? 0;
                if (filter is not null)
                {
                    filter[to] = image.Filter?[from] ?? 1;
                }
            }
        }

        return new(values, labels, filter);
    }
}
