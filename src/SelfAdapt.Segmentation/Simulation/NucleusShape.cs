namespace SelfAdapt.Segmentation.Simulation;

/// <summary>A nucleus as a star-shaped contour: an ellipse with a few smooth waves on it.</summary>
internal sealed class NucleusShape
{
    private const int FirstWave = 2;
    private const int Waves = 4;

    private readonly double _semiMajor;
    private readonly double _semiMinor;
    private readonly double _angle;
    private readonly double[] _amplitudes = new double[Waves];
    private readonly double[] _phases = new double[Waves];

    public NucleusShape(MicrographOptions options, SeededRandom random)
    {
        double spread = Math.Clamp(random.Normal(), -2.5, 2.5) * options.DiameterSpread;
        double radius = Math.Max(2.5, options.Diameter / 2 * (1 + spread));
        double eccentricity = random.Uniform(0, options.Eccentricity);

        // The axes keep the area of the circle with that radius.
        double ratio = Math.Sqrt(1 - (eccentricity * eccentricity));
        (_semiMajor, _semiMinor) = (radius / Math.Sqrt(ratio), radius * Math.Sqrt(ratio));
        _angle = random.Uniform(0, Math.PI);
        double sum = 0;
        for (int i = 0; i < Waves; i++)
        {
            _amplitudes[i] = random.Normal() * options.ContourRoughness / (i + 1);
            _phases[i] = random.Uniform(0, 2 * Math.PI);
            sum += Math.Abs(_amplitudes[i]);
        }

        Reach = _semiMajor * (1 + sum);
    }

    /// <summary>No point of the shape is further from its centre, px.</summary>
    public double Reach { get; }

    /// <summary>How far out a point is: 0 at the centre, 1 on the contour, more outside.</summary>
    public double RelativeRadius(double dy, double dx)
    {
        double distance = Math.Sqrt((dx * dx) + (dy * dy));
        if (distance == 0)
        {
            return 0;
        }

        double direction = Math.Atan2(dy, dx) - _angle;
        (double sin, double cos) = Math.SinCos(direction);
        double contour = 1 / Math.Sqrt(
            (cos * cos / (_semiMajor * _semiMajor)) + (sin * sin / (_semiMinor * _semiMinor)));
        double wave = 1;
        for (int i = 0; i < Waves; i++)
        {
            wave += _amplitudes[i] * Math.Cos(((FirstWave + i) * direction) + _phases[i]);
        }

        return distance / (contour * Math.Max(0.3, wave));
    }
}
