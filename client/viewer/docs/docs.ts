/** Shows `/openapi.json` in Swagger UI, whose own bundle the page has loaded before this module. */

type SwaggerUi = (options: {
  url: string;
  dom_id: string;
  deepLinking: boolean;
  validatorUrl: null;
}) => unknown;

declare const SwaggerUIBundle: SwaggerUi;

SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
