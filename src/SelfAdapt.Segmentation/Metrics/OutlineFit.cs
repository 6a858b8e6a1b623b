using SelfAdapt.Files;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Segmentation.Metrics;

/// <summary>
/// How well the outlines of cells lie on the edges of their image (docs/method.md): a judgement of masks that comes from the
/// image and not from the network that made them.
/// </summary>
internal sealed class OutlineFit
{
    // Of an object's diameter: noise is smoothed over the first, edges are compared with what lies within the second.
    private const double Smoothing = 1 / 15.0;
    private const double Reach = 1 / 5.0;

    private readonly int _height;
    private readonly int _width;
    private readonly double _reach;
    private readonly int _band;
    private readonly float[] _edges;

    /// <param name="image">Its first channel is looked at.</param>
    /// <param name="diameter">The objects', px.</param>
    /// <param name="grid">
    /// Pixels that share a value of the network each way: where it is more than one, an outline is a band half as wide on either side,
    /// and what lies around it begins behind that.
    /// </param>
    public OutlineFit(Image image, double diameter, int grid = 1)
    {
        _band = grid / 2;
        (_height, _width, _reach) = (image.Height, image.Width, Math.Max(2, Reach * diameter) + (grid > 1 ? grid + _band : 0));
        float[] plane = image.Plane(0).ToArray();
        SmoothField.Blur(plane, _height, _width, Math.Max(1, Smoothing * diameter));
        _edges = new float[plane.Length];
        for (int i = 0; i < plane.Length; i++)
        {
            (int y, int x) = (i / _width, i % _width);
            float down = plane[y < _height - 1 ? i + _width : i] - plane[y > 0 ? i - _width : i];
            float right = plane[x < _width - 1 ? i + 1 : i] - plane[x > 0 ? i - 1 : i];
            _edges[i] = MathF.Sqrt((down * down) + (right * right));
        }
    }

    /// <summary>
    /// For each cell the mean strength of the edges under its outline, over their mean strength around it, the outline
    /// included: 1 for an outline drawn anywhere.
    /// </summary>
    /// <param name="masks">Labels 1..n, of the image's size.</param>
    /// <returns>n ratios; 1 where there is nothing but a flat image.</returns>
    public double[] Of(LabelImage masks)
    {
        int cells = masks.Labels.Max();
        double[] on = new double[cells];
        double[] around = new double[cells];
        int[] outlinePixels = new int[cells];
        int[] pixels = new int[cells];

        // A fire from all outlines at once: every pixel within reach belongs to the outline that it is nearest to.
        int[] nearest = new int[masks.Labels.Length];
        Queue<int> open = [];
        for (int i = 0; i < nearest.Length; i++)
        {
            bool outline = IsOutline(masks, i);
            nearest[i] = outline ? i : -1;
            if (outline)
            {
                open.Enqueue(i);
            }
        }

        while (open.TryDequeue(out int i))
        {
            int cell = masks.Labels[nearest[i]] - 1;
            around[cell] += _edges[i];
            pixels[cell]++;
            (int y, int x) = (i / _width, i % _width);
            if (IsWithin(_band, nearest[i], y, x))
            {
                on[cell] += _edges[i];
                outlinePixels[cell]++;
            }

            Spread(i, y - 1, x);
            Spread(i, y + 1, x);
            Spread(i, y, x - 1);
            Spread(i, y, x + 1);
        }

        return [.. Enumerable.Range(0, cells).Select(
            c => around[c] > 0 ? on[c] / outlinePixels[c] / (around[c] / pixels[c]) : 1)];

        void Spread(int from, int y, int x)
        {
            int to = (y * _width) + x;
            if (y < 0 || x < 0 || y >= _height || x >= _width || nearest[to] >= 0)
            {
                return;
            }

            if (IsWithin(_reach, nearest[from], y, x))
            {
                nearest[to] = nearest[from];
                open.Enqueue(to);
            }
        }
    }

    private bool IsWithin(double distance, int outline, int y, int x)
    {
        (double dy, double dx) = (y - (outline / _width), x - (outline % _width));
        return (dy * dy) + (dx * dx) <= distance * distance;
    }

    /// <summary>Whether a cell ends here; where the image ends, it does not.</summary>
    private bool IsOutline(LabelImage masks, int i)
    {
        int label = masks.Labels[i];
        (int y, int x) = (i / _width, i % _width);
        return label > 0 && ((y > 0 && masks.Labels[i - _width] != label) || (y < _height - 1 && masks.Labels[i + _width] != label)
            || (x > 0 && masks.Labels[i - 1] != label) || (x < _width - 1 && masks.Labels[i + 1] != label));
    }
}
