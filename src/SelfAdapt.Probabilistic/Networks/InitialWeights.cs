namespace SelfAdapt.Probabilistic.Networks;

/// <summary>Random weights as the method begins: He-normal convolutions, orthogonal last layers, biases next to 0.</summary>
/// <param name="uniform">Random numbers from [0, 1).</param>
internal sealed class InitialWeights(Func<double> uniform)
{
    private const double BiasDeviation = 0.001;

    /// <summary>Normal numbers of variance 2 / fanIn.</summary>
    public float[] He(int count, int fanIn)
    {
        double deviation = Math.Sqrt(2.0 / fanIn);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Normal()))];
    }

    /// <summary>Normal numbers that lie within two deviations.</summary>
    public float[] Bias(int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        double value;
        do
        {
            value = Normal();
        }
        while (Math.Abs(value) > 2);

        return (float)(BiasDeviation * value);
    })];

    /// <summary>[rows, columns] with orthonormal rows, or columns where there are fewer of them.</summary>
    public float[] Orthogonal(int rows, int columns)
    {
        (int count, int length) = (Math.Min(rows, columns), Math.Max(rows, columns));
        double[][] vectors = new double[count][];
        for (int k = 0; k < count; k++)
        {
            double[] vector = [.. Enumerable.Range(0, length).Select(_ => Normal())];

            // Twice, because what is left after the first time is rounded.
            for (int pass = 0; pass < 2; pass++)
            {
                foreach (double[] other in vectors.Take(k))
                {
                    double along = vector.Zip(other, (a, b) => a * b).Sum();
                    vector = [.. vector.Zip(other, (a, b) => a - (along * b))];
                }
            }

            double size = Math.Sqrt(vector.Sum(v => v * v));
            vectors[k] = [.. vector.Select(v => v / size)];
        }

        float[] matrix = new float[rows * columns];
        for (int i = 0; i < matrix.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            matrix[i] = (float)(rows <= columns ? vectors[row][column] : vectors[column][row]);
        }

        return matrix;
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - uniform())) * Math.Cos(2 * Math.PI * uniform());
}
