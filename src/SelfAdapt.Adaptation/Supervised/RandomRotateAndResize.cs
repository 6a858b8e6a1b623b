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

        int field = batch.Targets.Channels * plane;
        batch.Targets.Fill(
            sample, warp, flip, angle, batch.Cell.AsSpan(slot * plane, plane), batch.Flow.AsSpan(slot * field, field));
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
}
