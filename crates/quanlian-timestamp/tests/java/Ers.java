// Reads an evidence record with Bouncy Castle: `java -cp … Ers.java RECORD DOCUMENT TIME`.
// Prints "valid" when the newest time-stamp is signed by its certificate and every chain leads from the document.

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.cms.DefaultCMSSignatureAlgorithmNameGenerator;
import org.bouncycastle.cms.bc.BcECSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

public class Ers {
    public static void main(String[] arguments) throws Exception {
        var digests = new BcDigestCalculatorProvider();
        var record = new ERSEvidenceRecord(Files.readAllBytes(Path.of(arguments[0])), digests);
        var document = new ERSByteData(Files.readAllBytes(Path.of(arguments[1])));
        var verifier = new BcECSignerInfoVerifierBuilder(
                new DefaultCMSSignatureAlgorithmNameGenerator(),
                new DefaultSignatureAlgorithmIdentifierFinder(),
                new DefaultDigestAlgorithmIdentifierFinder(),
                digests).build(record.getSigningCertificate());
        record.validate(verifier);
        record.validatePresent(document, Date.from(Instant.parse(arguments[2])));
        System.out.println("valid");
    }
}
