namespace SelfAdapt.Adaptation.Supervised;

/// <summary>
/// Cellpose's training augmentation: a crop around a random point, flipped, turned and scaled at random
/// (docs/cellpose.md 5.3).
/// </summary>
internal readonly struct RandomRotateAndResize(bool flip, double angle, AffineMap map)
{
    private const double ScaleRangeAtKnownDiameter = 0.5;
    private const double ScaleRange = 1.0;

    /// <summary>Draws flip, angle, scale and shift, in Cellpose's order.</summary>
    /// <param name="random">The generator: five numbers are taken.</param>
    /// <param name="options">Crop size, diameter and whether images are rescaled to it.</param>
    public static RandomRotateAndResize Draw(
        NumpyRandom random, TrainingSample sample, TrainingSetOptions options)
    {
        (int height, int width, int crop) = (sample.Input.Height, sample.Input.Width, options.CropSize);
        double range = options.Rescale ? ScaleRangeAtKnownDiameter : ScaleRange;
        bool flip = random.NextDouble() > 0.5;
        double angle = random.NextDouble() * Math.PI * 2;
        double scale = 1 - (range / 2) + (range * random.NextDouble());
        if (options.Rescale)
        {
            scale *= options.DiamMean / sample.Diameter;
        }

        double shiftX = (random.NextDouble() - 0.5) * Math.Max(0, (width * scale) - crop);
        double shiftY = (random.NextDouble() - 0.5) * Math.Max(0, (height * scale) - crop);
        AffineMap map = MapThrough(
            width / 2.0, height / 2.0, (crop / 2.0) + shiftX, (crop / 2.0) + shiftY, angle, scale);
        return new(flip, angle, map);
    }

    public void Apply(TrainingSample sample, TrainingBatch batch, int slot)
    {
        int width = sample.Input.Width;
        int plane = batch.CropSize * batch.CropSize;
        AffineWarp warp = new(map, batch.CropSize);
        for (int c = 0; c < batch.InputChannels; c++)
        {
            warp.Linear(
                sample.Input.Plane(c), width, flip,
                batch.Input.AsSpan(((slot * batch.InputChannels) + c) * plane, plane));
        }

        warp.Nearest(sample.Cell, width, flip, batch.Cell.AsSpan(slot * plane, plane));
        Span<float> flowY = batch.Flow.AsSpan(slot * 2 * plane, plane);
        Span<float> flowX = batch.Flow.AsSpan(((slot * 2) + 1) * plane, plane);
        warp.Linear(sample.Flow.Plane(0), width, flip, flowY);
        warp.Linear(sample.Flow.Plane(1), width, flip, flowX);
        TurnVectors(flowY, flowX);
    }

    /// <summary>
    /// The turn and scaling that takes one centre to the other. It goes through three points in single
    /// precision, as in Cellpose, and so carries the same rounding.
    /// </summary>
    private static AffineMap MapThrough(
        double fromX, double fromY, double toX, double toY, double angle, double scale)
    {
        double quarter = (Math.PI / 2) + angle;
        (double centreX, double centreY) = ((float)toX, (float)toY);
        double a = (float)(toX + (scale * Math.Cos(angle))) - centreX;
        double d = (float)(toY + (scale * Math.Sin(angle))) - centreY;
        double b = (float)(toX + (scale * Math.Cos(quarter))) - centreX;
        double e = (float)(toY + (scale * Math.Sin(quarter))) - centreY;
        return new(a, b, centreX - (a * fromX) - (b * fromY), d, e, centreY - (d * fromX) - (e * fromY));
    }

    private void TurnVectors(Span<float> flowY, Span<float> flowX)
    {
        float cosine = (float)Math.Cos(angle);
        float sine = (float)Math.Sin(angle);
        for (int i = 0; i < flowY.Length; i++)
        {
            float y = flowY[i];
            float x = flip ? -flowX[i] : flowX[i];
            flowX[i] = (x * cosine) - (y * sine);
            flowY[i] = (x * sine) + (y * cosine);
        }
    }
}
